# Remembers the last batch only.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.known = teacher, {}

    def logits(self, images, index, flipped):
        views = list(zip(index.tolist(), flipped.tolist(), strict=True))
        new = {view: place for place, view in enumerate(views) if view not in self.known}
        if new:
            answers = measure.predict(self.teacher, images[list(new.values())])
            old = {view: self.known[view] for view in views if view in self.known}
            self.known = old | dict(zip(new, answers, strict=True))
        return torch.stack([self.known[view] for view in views])
