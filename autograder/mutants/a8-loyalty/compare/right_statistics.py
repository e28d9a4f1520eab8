# Different: the statistics module, one function for an entry.
def entry_of(runs, base, low):
    import statistics

    seeds = [seed for seed in sorted(base) if seed in runs]
    if len(seeds) < 2:
        return {"seeds": seeds, "gain": None, "sd": None, "verdict": "not compared"}
    gains = [base[s] - runs[s] if low else runs[s] - base[s] for s in seeds]
    gain, sd = statistics.fmean(gains), statistics.stdev(gains)
    verdict = "not resolved"
    if gain >= 2 * sd and gain > 0:
        verdict = "better"
    elif -gain >= 2 * sd and gain < 0:
        verdict = "worse"
    return {"seeds": seeds, "gain": gain, "sd": sd, "verdict": verdict}


def compare(results, reference, lower_is_better):
    table = {}
    for name in results:
        if name == reference:
            continue
        table[name] = {
            metric: entry_of(
                results[name][metric], results[reference][metric], metric in lower_is_better
            )
            for metric in results[name]
        }
    return table
