# Asks twice for a view that stands twice in a batch.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.known = teacher, {}

    def logits(self, images, index, flipped):
        views = list(zip(index.tolist(), flipped.tolist(), strict=True))
        new = [(view, place) for place, view in enumerate(views) if view not in self.known]
        if new:
            answers = measure.predict(self.teacher, images[[place for _, place in new]])
            self.known.update(zip([view for view, _ in new], answers, strict=True))
        return torch.stack([self.known[view] for view in views])
