# A moving statistic counts as learning of the regressor.
def diagnose(record):
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    places = tuple(f"{module}." for module in record["lower"])
    changes = {}
    for net in ("student", "teacher", "regressor"):
        before, after = record[net]
        for name in before:
            part = net
            if net == "student":
                part = "lower" if name.startswith(places) else "upper"
            kind = "statistics" if name.endswith(statistics) else "weights"
            changed = not torch.equal(before[name], after[name])
            changes[part, kind] = changes.get((part, kind), False) or changed

    def right(step):
        return float((step["regressed"] - step["hint"]).square().mean() / 2)

    steps = record["steps"]
    own = (torch.equal(step["hint"], record["table"][step["index"]]) for step in steps)
    near = (abs(s["loss"] - right(s)) <= 1e-6 * max(1, abs(right(s))) for s in steps)
    faults = {
        "lower frozen": not changes.get(("lower", "weights"), False),
        "regressor frozen": not any(
            changes.get(("regressor", k), False) for k in ("weights", "statistics")
        ),
        "foreign hints": not all(own),
        "wrong loss": not all(near),
    }
    for part, kind in itertools.product(("upper", "teacher"), ("weights", "statistics")):
        faults[f"{part} {kind}"] = changes.get((part, kind), False)
    return sorted(name for name, found in faults.items() if found)
