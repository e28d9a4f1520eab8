# Different: sets of the names that moved.
def diagnose(record):
    ends = {"running_mean", "running_var", "num_batches_tracked"}

    def statistic(name):
        return any(name[-len(end) :] == end for end in ends)

    def moved(pair):
        return {name for name, value in pair[0].items() if not bool((value == pair[1][name]).all())}

    def inside(name):
        return any(name[: len(module) + 1] == module + "." for module in record["lower"])

    student, teacher, regressor = (moved(record[n]) for n in ("student", "teacher", "regressor"))
    upper = {name for name in student if not inside(name)}
    found = set()
    if not any(not statistic(name) for name in student - upper):
        found.add("lower frozen")
    if not any(not statistic(name) for name in regressor):
        found.add("regressor frozen")
    for title, names in (("upper", upper), ("teacher", teacher)):
        for name in names:
            found.add(f"{title} statistics" if statistic(name) else f"{title} weights")
    for step in record["steps"]:
        goals = torch.stack([record["table"][i] for i in step["index"].tolist()])
        if not bool((goals == step["hint"]).all()):
            found.add("foreign hints")
        due = F.mse_loss(step["regressed"], step["hint"]).item() / 2
        if not math.isclose(step["loss"], due, rel_tol=1e-6, abs_tol=1e-6):
            found.add("wrong loss")
    return sorted(found)
