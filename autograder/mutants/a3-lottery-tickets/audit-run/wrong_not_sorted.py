# Leaves the faults in the order in which it met them.
def audit_run(point, levels):
    found = []
    for number, level in enumerate(levels):
        for name, mask in level["masks"].items():
            if level["start"][name][~mask].any() or level["end"][name][~mask].any():
                found.append((number, "not zero", name))
            if number > 0:
                before, size = levels[number - 1], levels[number - 1]["end"][name].abs()
                had = before["masks"][name]
                if (mask & ~had).any():
                    found.append((number, "came back", name))
                gone, left = size[had & ~mask], size[had & mask]
                if len(gone) and len(left) and gone.max() > left.min():
                    found.append((number, "chosen wrongly", name))
        for name, saved in point.items():
            start = level["start"][name]
            kept = level["masks"].get(name, torch.ones_like(saved, dtype=torch.bool))
            if number > 0 and not torch.equal(start[kept], saved[kept]):
                found.append((number, "not rewound", name))
            if start.untyped_storage().data_ptr() == saved.untyped_storage().data_ptr():
                found.append((number, "shared", name))
    return found
