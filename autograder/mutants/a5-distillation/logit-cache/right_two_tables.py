# A table for each view that grows with the largest index.
class LogitCache:
    def __init__(self, teacher):
        self.teacher, self.place, self.rows = teacher, {}, None

    def logits(self, images, index, flipped):
        codes = (2 * index + flipped.long()).tolist()
        fresh = [
            i for i, code in enumerate(codes) if code not in self.place and code not in codes[:i]
        ]
        if fresh:
            mode = self.teacher.training
            self.teacher.eval()
            with torch.no_grad():
                answers = self.teacher(images[fresh]).clone()
            self.teacher.train(mode)
            for i in fresh:
                self.place[codes[i]] = len(self.place)
            self.rows = answers if self.rows is None else torch.cat([self.rows, answers])
        return self.rows[[self.place[code] for code in codes]]
