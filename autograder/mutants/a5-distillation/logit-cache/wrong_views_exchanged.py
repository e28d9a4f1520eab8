# Stores an answer for the other view.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.known = teacher, {}

    def logits(self, images, index, flipped):
        views = list(zip(index.tolist(), flipped.tolist(), strict=True))
        new = {view: place for place, view in enumerate(views) if view not in self.known}
        if new:
            answers = measure.predict(self.teacher, images[list(new.values())])
            self.known.update(zip([(i, not f) for i, f in new], answers, strict=True))
        return torch.stack(
            [self.known.get((view[0], not view[1]), self.known.get(view)) for view in views]
        )
