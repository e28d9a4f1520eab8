# NumPy arrays and np.shares_memory.
import numpy as np


def audit_run(point, levels):
    report = []
    for r in range(len(levels)):
        masks = {n: m.numpy() for n, m in levels[r]["masks"].items()}
        start = {n: t.detach().numpy() for n, t in levels[r]["start"].items()}
        end = {n: t.detach().numpy() for n, t in levels[r]["end"].items()}
        for n, m in masks.items():
            if np.count_nonzero(start[n][~m]) + np.count_nonzero(end[n][~m]):
                report += [(r, "not zero", n)]
            if r == 0:
                continue
            had = levels[r - 1]["masks"][n].numpy()
            size = np.abs(levels[r - 1]["end"][n].detach().numpy())
            report += [(r, "came back", n)] * bool(np.any(m & ~had))
            wrong = size[had & ~m][:, None] > size[had & m][None, :]
            report += [(r, "chosen wrongly", n)] * bool(wrong.any())
        for n, t in point.items():
            saved = t.detach().numpy()
            same = (start[n] == saved) | (~masks[n] if n in masks else False)
            report += [(r, "not rewound", n)] * (r > 0 and not bool(np.all(same)))
            report += [(r, "shared", n)] * bool(np.shares_memory(start[n], saved))
    return sorted(report)
