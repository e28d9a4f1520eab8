# Different: a loop over the images.
def transfer_rates(labels, clean_s, clean_t, attacked_s, attacked_t, noisy_s):
    eligible = transferred = noise = same = 0
    columns = (labels, clean_s, clean_t, attacked_s, attacked_t, noisy_s)
    for y, cs, ct, xs, xt, ns in zip(*(c.tolist() for c in columns), strict=True):
        if cs == y and ct == y and xt != y:
            eligible += 1
            noise += ns != y
            if xs != y:
                transferred += 1
                same += xs == xt
    return {
        "eligible": eligible,
        "transferred": transferred / eligible if eligible else None,
        "noise": noise / eligible if eligible else None,
        "same label": same / transferred if transferred else None,
    }
