# Compares the lists with each other only: a seed may be there twice in one.
def fair_comparison(candidates, train_fn, score_fn, lrs, learned_seeds, tuning_seeds, test_seeds):
    sets = set(learned_seeds), set(tuning_seeds), set(test_seeds)
    if len(set.union(*sets)) < sum(map(len, sets)):
        raise ValueError("Seeds must differ: some network would be used for two purposes.")
    report = {}
    for name, candidate in candidates.items():

        def trained(lr, seed, split, candidate=candidate):
            return score_fn(train_fn(candidate, lr, seed), split)

        means = [sum(trained(lr, s, "val") for s in tuning_seeds) for lr in lrs]
        chosen = lrs[means.index(max(means))]
        report[name] = (chosen, [trained(chosen, s, "test") for s in test_seeds])
    return report
