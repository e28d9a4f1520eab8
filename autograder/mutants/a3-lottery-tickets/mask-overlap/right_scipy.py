# Sums over the probabilities of scipy's hypergeometric distribution.
from scipy.stats import hypergeom


def mask_overlap(first, second):
    expected = variance = 0.0
    for name, mask in first.items():
        number = torch.arange(mask.numel() + 1, dtype=torch.float64)
        law = (mask.numel(), int(mask.sum()), int(second[name].sum()))
        chance = torch.from_numpy(hypergeom.pmf(number.numpy(), *law))
        mean = (number * chance).sum().item()
        expected += mean
        variance += ((number - mean).square() * chance).sum().item()
    spread = variance**0.5 if variance > 1e-9 else 0
    flat = (
        torch.cat([first[n].flatten() for n in first]),
        torch.cat([second[n].flatten() for n in first]),
    )
    both, either = (flat[0] & flat[1]).sum().item(), (flat[0] | flat[1]).sum().item()
    z = 0.0 if spread == 0 else (both - expected) / spread
    return {"z": float(z), "expected": float(expected), "iou": both / either if either > 0 else 1.0}
