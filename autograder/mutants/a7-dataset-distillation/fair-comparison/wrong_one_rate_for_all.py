# Chooses one learning rate for all candidates, the first one's.
def fair_comparison(candidates, train_fn, score_fn, lrs, learned_seeds, tuning_seeds, test_seeds):
    every = [*learned_seeds, *tuning_seeds, *test_seeds]
    if len(set(every)) < len(every):
        raise ValueError("Seeds must differ: some network would be used for two purposes.")
    report = {}
    for name, candidate in candidates.items():

        def trained(lr, seed, split, candidate=candidate):
            return score_fn(train_fn(candidate, lr, seed), split)

        means = [sum(trained(lr, s, "val") for s in tuning_seeds) for lr in lrs]
        chosen = lrs[means.index(max(means))] if not report else chosen
        report[name] = (chosen, [trained(chosen, s, "test") for s in test_seeds])
    return report
