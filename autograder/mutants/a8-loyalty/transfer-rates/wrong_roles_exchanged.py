# Asks how the student's mistakes transfer to the teacher.
def transfer_rates(labels, clean_s, clean_t, attacked_s, attacked_t, noisy_s):
    fair = (clean_s == labels) & (clean_t == labels) & (attacked_s != labels)
    fooled = fair & (attacked_t != labels)

    def share(event, among):
        return float((event & among).sum() / among.sum()) if among.any() else None

    return {
        "eligible": int(fair.sum()),
        "transferred": share(fooled, fair),
        "noise": share(noisy_s != labels, fair),
        "same label": share(attacked_s == attacked_t, fooled),
    }
