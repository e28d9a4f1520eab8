# Fades from the first epoch on.
def eskd_alphas(num_epochs, alpha, stop, fade):
    return [alpha * max(0, stop - e) / stop if stop else 0.0 for e in range(num_epochs)]


def scheduled_loss(teacher, alphas, temperature, steps_per_epoch):
    calls = itertools.count()

    def loss_fn(model, batch):
        alpha = alphas[min(next(calls) // steps_per_epoch, len(alphas) - 1)]
        logits_s, labels = model(batch.images), batch.labels
        loss = (1 - alpha) * F.cross_entropy(logits_s, labels)
        if alpha == 0:
            return loss
        logits_t = measure.predict(teacher, batch.images)
        log_p, log_q = ((z / temperature).log_softmax(dim=1) for z in (logits_t, logits_s))
        divergence = (log_p.exp() * (log_p - log_q)).sum() / len(logits_s)
        return loss + alpha * temperature**2 * divergence

    return loss_fn
