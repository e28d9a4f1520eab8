# Different: picks the eligible images first.
def transfer_rates(labels, clean_s, clean_t, attacked_s, attacked_t, noisy_s):
    kept = ((clean_s == labels) & (clean_t == labels) & (attacked_t != labels)).nonzero()[:, 0]
    y, s, t, noisy = labels[kept], attacked_s[kept], attacked_t[kept], noisy_s[kept]
    result = {"eligible": len(kept), "transferred": None, "noise": None, "same label": None}
    if len(kept) > 0:
        result["transferred"] = (s != y).double().mean().item()
        result["noise"] = (noisy != y).double().mean().item()
    if (s != y).any():
        result["same label"] = (s == t)[s != y].double().mean().item()
    return result
