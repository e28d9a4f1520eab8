# Compares the newest mask with each one of the window, as the authors' published program does.
class EarlyBird:
    def __init__(self, window, threshold):
        self.window, self.threshold = window, threshold
        self.distances, self.masks = [], []

    def update(self, masks):
        flat = torch.cat([masks[name].flatten() for name in sorted(masks)])
        against = [(flat != old).double().mean().item() for old in self.masks[-self.window :]]
        if against:
            self.distances.append(against[-1])
        self.masks.append(flat)
        return len(against) == self.window and max(against) < self.threshold
