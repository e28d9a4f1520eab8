# Turns the metrics that should be high.
def compare(results, reference, lower_is_better):
    found = {name: {} for name in results if name != reference}
    for name, table in found.items():
        for metric, runs in results[name].items():
            base, sign = results[reference][metric], 1 if metric in lower_is_better else -1
            both = sorted(runs.keys() & base.keys())
            entry = {"seeds": both, "gain": None, "sd": None, "verdict": "not compared"}
            if len(both) > 1:
                gains = float64([sign * (runs[seed] - base[seed]) for seed in both])
                gain, sd = float(gains.mean()), float(gains.std())
                resolved = gain != 0 and abs(gain) >= 2 * sd
                verdict = ("better" if gain > 0 else "worse") if resolved else "not resolved"
                entry |= {"gain": gain, "sd": sd, "verdict": verdict}
            table[metric] = entry
    return found
