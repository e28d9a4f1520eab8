# All variants of both terms once, then a search over their products.
def diagnose(run):
    heat, alpha, steps = run["temperature"], run["alpha"], run["steps"]

    def terms(step):
        s, t = step["logits_s"], step["logits_t"]
        log_q, log_p = F.log_softmax(s / heat, 1), F.log_softmax(t / heat, 1)
        right_kl = F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
        left_kl = F.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
        hard = [F.cross_entropy(x, step["labels"]) for x in (s, s / heat)]
        return hard, [right_kl, left_kl]

    fits = {}
    for choice in itertools.product((0, 1), repeat=5):
        exchanged, classes, cold, swapped, hot = choice
        worst = 0
        for step in steps:
            hard, soft = terms(step)
            weights = (alpha, 1 - alpha) if exchanged else (1 - alpha, alpha)
            factor = 1 / step["logits_s"].shape[1] if classes else 1
            factor *= 1 if cold else heat**2
            loss = weights[0] * hard[hot] + weights[1] * factor * soft[swapped]
            worst = max(worst, abs(float(loss) - step["loss"]) / max(1, abs(step["loss"])))
        if worst <= 1e-6:
            fits[choice] = sum(choice)
    names = ["alpha on the hard loss", "mean over classes", "no T squared", "swapped KL"]
    names.append("temperature on the hard loss")
    if fits:
        best = min(fits, key=fits.get)
        found = {name for name, there in zip(names, best) if there}
    else:
        found = {"unknown loss"}
    strange = foreign = False
    for step in steps:
        for row, index in zip(step["logits_t"], step["index"]):
            strange |= not bool((run["table"] == row).all(1).any())
            foreign |= not torch.equal(row, run["table"][index])
    if strange:
        found.add("teacher in training mode")
    elif foreign:
        found.add("misaligned teacher")
    return sorted(found)
