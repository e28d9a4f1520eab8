# Mean and variance from scipy's hypergeometric distribution.
from scipy.stats import hypergeom


def mask_overlap(first, second):
    laws = {n: hypergeom(m.numel(), int(m.sum()), int(second[n].sum())) for n, m in first.items()}
    expected = sum(law.mean() for law in laws.values())
    spread = sum(law.var() for law in laws.values()) ** 0.5
    flat = (
        torch.cat([first[n].flatten() for n in first]),
        torch.cat([second[n].flatten() for n in first]),
    )
    both, either = (flat[0] & flat[1]).sum().item(), (flat[0] | flat[1]).sum().item()
    z = 0.0 if spread == 0 else (both - expected) / spread
    return {"z": float(z), "expected": float(expected), "iou": both / either if either > 0 else 1.0}
