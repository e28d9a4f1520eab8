# Different: Python's statistics and percentiles by hand.
def speedup(before_ms, after_ms, num_warmup):
    import statistics

    def percentile(times, fraction):
        times = sorted(times)
        place = fraction * (len(times) - 1)
        below = int(place)
        above = min(below + 1, len(times) - 1)
        return times[below] + (place - below) * (times[above] - times[below])

    old, new = before_ms[num_warmup:], after_ms[num_warmup:]
    overlap = percentile(old, 0.1) <= percentile(new, 0.9) and (
        percentile(new, 0.1) <= percentile(old, 0.9)
    )
    return statistics.median(old) / statistics.median(new), not overlap
