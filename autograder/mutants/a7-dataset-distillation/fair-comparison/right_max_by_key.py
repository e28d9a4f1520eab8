# Different: lists of means, max with a key, itertools for the seeds.
import itertools
import statistics


def fair_comparison(candidates, train_fn, score_fn, lrs, learned_seeds, tuning_seeds, test_seeds):
    lists = [list(seeds) for seeds in (learned_seeds, tuning_seeds, test_seeds)]
    for one, other in itertools.combinations(lists, 2):
        if not set(one).isdisjoint(other):
            raise ValueError("A seed has two purposes.")
    if any(len(set(one)) != len(one) for one in lists):
        raise ValueError("A seed is there twice.")
    chosen = {}
    for name, data in candidates.items():
        means = {}
        for lr in lrs:
            networks = [train_fn(data, lr, seed) for seed in tuning_seeds]
            means[lr] = statistics.mean(score_fn(network, "val") for network in networks)
        chosen[name] = max(means, key=means.get)
    scores = {n: [train_fn(candidates[n], lr, s) for s in test_seeds] for n, lr in chosen.items()}
    return {n: (chosen[n], [score_fn(net, "test") for net in nets]) for n, nets in scores.items()}
