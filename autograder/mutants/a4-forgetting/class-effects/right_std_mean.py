# With std_mean, and standard errors squared again.
def class_effects(dense, pruned):
    (std_a, mean_a), (std_b, mean_b) = (torch.std_mean(x, dim=0) for x in (dense, pruned))
    size_a, size_b = float(len(dense)), float(len(pruned))
    first, second = std_a.square() / size_a, std_b.square() / size_b
    error = torch.hypot(first.sqrt(), second.sqrt())
    result = {"difference": mean_b - mean_a, "t": (mean_b - mean_a) / error}
    freedom = error**4 / (first.square() / (size_a - 1) + second.square() / (size_b - 1))
    result["df"] = freedom
    result["p"] = two_sided_p(result["t"], freedom)
    return result
