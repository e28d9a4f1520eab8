# Different: one line for each fault.
def diagnose(record):
    lower = [module + "." for module in record["lower"]]

    def moved(net, kind, where=lambda name: True):
        before, after = record[net]
        for name in before:
            last = name.removesuffix("running_mean").removesuffix("running_var")
            last = last.removesuffix("num_batches_tracked")
            own = "weights" if last == name else "statistics"
            if own == kind and where(name) and (before[name] != after[name]).any():
                return True
        return False

    def below(name):
        return name.startswith(tuple(lower))

    def above(name):
        return not below(name)

    def loss_is_right(step):
        right = ((step["regressed"] - step["hint"]) ** 2).mean().item() / 2
        return abs(step["loss"] - right) <= 1e-6 * max(1.0, right)

    table = record["table"]
    answers = {
        "foreign hints": any((table[s["index"]] != s["hint"]).any() for s in record["steps"]),
        "lower frozen": not moved("student", "weights", below),
        "regressor frozen": not moved("regressor", "weights"),
        "teacher statistics": moved("teacher", "statistics"),
        "teacher weights": moved("teacher", "weights"),
        "upper statistics": moved("student", "statistics", above),
        "upper weights": moved("student", "weights", above),
        "wrong loss": not all(map(loss_is_right, record["steps"])),
    }
    return [name for name, there in answers.items() if there]
