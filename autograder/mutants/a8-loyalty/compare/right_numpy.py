# Different: NumPy on the sorted seeds.
def compare(results, reference, lower_is_better):
    import numpy as np

    out = {}
    for name, metrics in results.items():
        if name != reference:
            out[name] = {}
            for metric, runs in metrics.items():
                base = results[reference][metric]
                seeds = sorted(set(runs).intersection(base))
                d = np.array([runs[s] for s in seeds]) - np.array([base[s] for s in seeds])
                d = -d if metric in lower_is_better else d
                row = dict(seeds=seeds, gain=None, sd=None, verdict="not compared")
                if d.size >= 2:
                    row["gain"], row["sd"] = float(d.mean()), float(d.std(ddof=1))
                    big = np.abs(d.mean()) >= 2 * d.std(ddof=1) and d.mean() != 0
                    row["verdict"] = (
                        ["worse", "better"][int(d.mean() > 0)] if big else "not resolved"
                    )
                out[name][metric] = row
    return out
