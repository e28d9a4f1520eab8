# Counts masks instead of distances: one distance too few.
class EarlyBird:
    def __init__(self, window, threshold):
        self.window, self.threshold = window, threshold
        self.distances, self.previous = [], None

    def update(self, masks):
        current = {name: mask.clone() for name, mask in masks.items()}
        if self.previous is not None:
            changed = sum(int((mask != self.previous[n]).sum()) for n, mask in current.items())
            self.distances.append(changed / sum(mask.numel() for mask in current.values()))
        self.previous = current
        last = self.distances[-self.window + 1 :] if self.window > 1 else []
        return len(last) == self.window - 1 and max(last, default=0) < self.threshold
