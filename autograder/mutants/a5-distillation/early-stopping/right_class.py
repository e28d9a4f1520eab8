# A class that counts, soft cross-entropy minus entropy.
def eskd_alphas(num_epochs, alpha, stop, fade):
    alphas = []
    for epoch in range(num_epochs):
        left = stop - epoch
        if left <= 0:
            alphas.append(0.0)
        elif left > fade:
            alphas.append(alpha)
        else:
            alphas.append(alpha * left / (fade + 1))
    return alphas


class Scheduled:
    def __init__(self, teacher, alphas, temperature, steps_per_epoch):
        self.teacher, self.temperature = teacher, temperature
        self.plan = [alpha for alpha in alphas for _ in range(steps_per_epoch)]
        self.last, self.step = alphas[-1], 0

    def __call__(self, model, batch):
        alpha = self.plan[self.step] if self.step < len(self.plan) else self.last
        self.step += 1
        scores = model(batch.images)
        hard = F.cross_entropy(scores, batch.labels)
        if not alpha > 0:
            return hard
        mode = self.teacher.training
        self.teacher.eval()
        with torch.no_grad():
            p = F.softmax(self.teacher(batch.images) / self.temperature, dim=1)
        self.teacher.train(mode)
        log_q = F.log_softmax(scores / self.temperature, dim=1)
        soft = (torch.xlogy(p, p) - p * log_q).sum(dim=1).mean()
        return (1 - alpha) * hard + alpha * self.temperature**2 * soft


def scheduled_loss(teacher, alphas, temperature, steps_per_epoch):
    return Scheduled(teacher, list(alphas), temperature, steps_per_epoch)
