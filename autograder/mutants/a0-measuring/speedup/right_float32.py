# Different: float32 quantiles, rounded in the seventh digit.
def speedup(before_ms, after_ms, num_warmup):
    fractions = torch.tensor([0.1, 0.5, 0.9])
    before = torch.tensor(before_ms[num_warmup:]).quantile(fractions)
    after = torch.tensor(after_ms[num_warmup:]).quantile(fractions)
    apart = bool(after[2] < before[0]) or bool(before[2] < after[0])
    return (before[1] / after[1]).item(), apart
