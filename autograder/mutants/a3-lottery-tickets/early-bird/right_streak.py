# Counts how many small distances came in a row.
class EarlyBird:
    def __init__(self, window, threshold):
        self.window, self.threshold = window, threshold
        self.distances, self.previous, self.streak = [], None, 0

    def update(self, masks):
        if self.previous is not None:
            pairs = [(masks[n], self.previous[n]) for n in masks]
            differ = sum((one ^ other).sum().item() for one, other in pairs)
            self.distances.append(differ / sum(one.numel() for one, _ in pairs))
            self.streak = self.streak + 1 if self.distances[-1] < self.threshold else 0
        self.previous = copy.deepcopy(masks)
        return self.streak >= self.window
