# Answers in the order in which the views were stored.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.known = teacher, {}

    def logits(self, images, index, flipped):
        views = list(zip(index.tolist(), flipped.tolist(), strict=True))
        new = {view: place for place, view in enumerate(views) if view not in self.known}
        if new:
            answers = measure.predict(self.teacher, images[list(new.values())])
            self.known.update(zip(new, answers, strict=True))
        return torch.stack([self.known[view] for view in self.known if view in views])
