# Takes 1 - IoU for the distance.
class EarlyBird:
    def __init__(self, window, threshold):
        self.window, self.threshold = window, threshold
        self.distances, self.previous = [], None

    def update(self, masks):
        current = {name: mask.clone() for name, mask in masks.items()}
        if self.previous is not None:
            changed = sum(int((mask != self.previous[n]).sum()) for n, mask in current.items())
            self.distances.append(
                changed / sum(int((m | self.previous[n]).sum()) for n, m in current.items())
            )
        self.previous = current
        last = self.distances[-self.window :]
        return len(last) == self.window and max(last) < self.threshold
