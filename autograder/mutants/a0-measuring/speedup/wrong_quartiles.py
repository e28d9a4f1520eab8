# Compares the middle halves.
def speedup(before_ms, after_ms, num_warmup):
    before = torch.tensor(before_ms[num_warmup:], dtype=torch.float64)
    after = torch.tensor(after_ms[num_warmup:], dtype=torch.float64)

    def middle(x):
        return torch.quantile(x, 0.5).item()

    def low(x):
        return torch.quantile(x, 0.25).item()

    def high(x):
        return torch.quantile(x, 0.75).item()

    return middle(before) / middle(after), low(before) > high(after) or low(after) > high(before)
