# Takes the mirror image for known once the image is.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.known = teacher, {}

    def logits(self, images, index, flipped):
        views = list(zip(index.tolist(), flipped.tolist(), strict=True))
        new = {
            view: place
            for place, view in enumerate(views)
            if view not in self.known and (view[0], not view[1]) not in self.known
        }
        if new:
            answers = measure.predict(self.teacher, images[list(new.values())])
            self.known.update(zip(new, answers, strict=True))
        return torch.stack(
            [self.known.get(view, self.known.get((view[0], not view[1]))) for view in views]
        )
