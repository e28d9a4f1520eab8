# Different: a tensor of accuracies; argmax of its means.
def fair_comparison(candidates, train_fn, score_fn, lrs, learned_seeds, tuning_seeds, test_seeds):
    seen = set()
    for seed in (*learned_seeds, *tuning_seeds, *test_seeds):
        if seed in seen:
            raise ValueError(f"Seed {seed} is used twice: choose another one.")
        seen.add(seed)
    report = {}
    for name in candidates:
        table = torch.zeros(len(lrs), len(tuning_seeds), dtype=torch.float64)
        for row, lr in enumerate(lrs):
            for column, seed in enumerate(tuning_seeds):
                table[row, column] = score_fn(train_fn(candidates[name], lr, seed), "val")
        lr = lrs[int(table.sum(1).argmax())]
        scores = []
        for seed in test_seeds:
            scores.append(score_fn(train_fn(candidates[name], lr, seed), "test"))
        report[name] = lr, scores
    return report
