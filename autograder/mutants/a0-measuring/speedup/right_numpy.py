# Different: numpy, and the ranges sorted by where they begin.
def speedup(before_ms, after_ms, num_warmup):
    import numpy as np

    ranges = []
    for times in (before_ms, after_ms):
        ranges.append(np.percentile(np.asarray(times)[num_warmup:], [10, 50, 90]))
    first, second = sorted(ranges, key=lambda r: r[0])
    return float(ranges[0][1] / ranges[1][1]), bool(first[2] < second[0])
