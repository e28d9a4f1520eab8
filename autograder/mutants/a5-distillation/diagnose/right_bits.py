# Sets as bits, ordered by their number of ones.
def diagnose(run):
    T, A, table = run["temperature"], run["alpha"], run["table"]
    every = ["alpha on the hard loss", "mean over classes", "no T squared", "swapped KL"]
    every += ["temperature on the hard loss"]

    def loss(step, bits):
        on = {name: bits >> i & 1 for i, name in enumerate(every)}
        z, t, y = (step[key] for key in ("logits_s", "logits_t", "labels"))
        p, q = F.softmax(t / T, 1), F.softmax(z / T, 1)
        if on["swapped KL"]:
            p, q = q, p
        soft = F.kl_div(q.log(), p, reduction="none").sum(1).mean()
        soft = soft / (z.shape[1] if on["mean over classes"] else 1)
        soft = soft * (1 if on["no T squared"] else T * T)
        hard = F.nll_loss(F.log_softmax(z / (T if on["temperature on the hard loss"] else 1), 1), y)
        a = 1 - A if on["alpha on the hard loss"] else A
        return float((1 - a) * hard + a * soft)

    answer = ["unknown loss"]
    for bits in sorted(range(32), key=lambda b: bin(b).count("1")):
        close = (
            abs(loss(s, bits) - s["loss"]) <= 1e-6 * max(1, abs(s["loss"])) for s in run["steps"]
        )
        if all(close):
            answer = [name for i, name in enumerate(every) if bits >> i & 1]
            break
    known = {tuple(row) for row in table.tolist()}
    given = [
        (tuple(r), int(i)) for s in run["steps"] for r, i in zip(s["logits_t"].tolist(), s["index"])
    ]
    if any(row not in known for row, _ in given):
        answer.append("teacher in training mode")
    elif any(row != tuple(table[i].tolist()) for row, i in given):
        answer.append("misaligned teacher")
    answer.sort()
    return answer
