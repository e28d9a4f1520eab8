# Adds the spreads of the two networks, as if their seeds had nothing in common.
def compare(results, reference, lower_is_better):
    found = {name: {} for name in results if name != reference}
    for name, table in found.items():
        for metric, runs in results[name].items():
            base, sign = results[reference][metric], -1 if metric in lower_is_better else 1
            both = sorted(runs.keys() & base.keys())
            entry = {"seeds": both, "gain": None, "sd": None, "verdict": "not compared"}
            if len(both) > 1:
                gains = float64([sign * (runs[seed] - base[seed]) for seed in both])
                gain = float(gains.mean())
                ours, theirs = (float64([r[s] for s in both]) for r in (runs, base))
                sd = float((ours.var() + theirs.var()).sqrt())
                resolved = gain != 0 and abs(gain) >= 2 * sd
                verdict = ("better" if gain > 0 else "worse") if resolved else "not resolved"
                entry |= {"gain": gain, "sd": sd, "verdict": verdict}
            table[metric] = entry
    return found
