# Asks for the whole batch as soon as one view is new.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.known = teacher, {}

    def logits(self, images, index, flipped):
        views = list(zip(index.tolist(), flipped.tolist(), strict=True))
        new = {view: place for place, view in enumerate(views) if view not in self.known}
        if new:
            answers = measure.predict(self.teacher, images)
            new = dict(zip(views, range(len(views)), strict=True))
            answers = answers[list(new.values())]
            self.known.update(zip(new, answers, strict=True))
        return torch.stack([self.known[view] for view in views])
