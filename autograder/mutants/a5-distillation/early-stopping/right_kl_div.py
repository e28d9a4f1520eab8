# A nonlocal counter and kl_div.
def eskd_alphas(num_epochs, alpha, stop, fade):
    epochs = torch.arange(num_epochs, dtype=torch.float64)
    return (alpha * ((stop - epochs) / (fade + 1)).clamp(0, 1)).tolist()


def scheduled_loss(teacher, alphas, temperature, steps_per_epoch):
    done = 0

    def loss_fn(model, batch):
        nonlocal done
        epoch, done = done // steps_per_epoch, done + 1
        alpha = alphas[epoch] if epoch < len(alphas) else alphas[-1]
        output = model(batch.images)
        terms = [(1 - alpha) * F.cross_entropy(output, batch.labels)]
        if alpha:
            answer = measure.predict(teacher, batch.images, len(batch.labels))
            warm = F.log_softmax(output / temperature, 1), F.log_softmax(answer / temperature, 1)
            soft = F.kl_div(*warm, reduction="batchmean", log_target=True)
            terms.append(alpha * temperature**2 * soft)
        return sum(terms)

    return loss_fn
