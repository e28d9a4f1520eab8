# A set of triples, one pass for each fault.
def address(tensor):
    return tensor.untyped_storage().data_ptr()


def audit_run(point, levels):
    faults = set()
    for r, level in enumerate(levels):
        start, end = level["start"], level["end"]
        for name, mask in level["masks"].items():
            removed = mask.logical_not()
            if any(state[name][removed].count_nonzero() > 0 for state in (start, end)):
                faults.add((r, "not zero", name))
        faults |= {(r, "shared", n) for n in point if address(start[n]) == address(point[n])}
    for r, (last, level) in enumerate(zip(levels, levels[1:], strict=False), start=1):
        for name, saved in point.items():
            now = level["start"][name]
            if name not in level["masks"]:
                if not bool((now == saved).all()):
                    faults.add((r, "not rewound", name))
                continue
            had, has = last["masks"][name], level["masks"][name]
            if bool(((now != saved) & has).any()):
                faults.add((r, "not rewound", name))
            if bool(torch.logical_and(has, torch.logical_not(had)).any()):
                faults.add((r, "came back", name))
            size = last["end"][name].abs().double()
            gone = torch.where(had & ~has, size, -1.0).max()
            left = torch.where(had & has, size, float("inf")).min()
            if gone > left:
                faults.add((r, "chosen wrongly", name))
    return sorted(faults)
