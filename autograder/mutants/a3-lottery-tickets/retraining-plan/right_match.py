# A match statement, new tensors by where.
def retraining_plan(method, states, lrs, num_steps, masks):
    total = len(lrs)
    rewound = [lrs[total - num_steps + i] for i in range(num_steps)]
    match method:
        case "fine-tune":
            step, again = total, [lrs[total - 1] for _ in rewound]
        case "rewind weights":
            step, again = total - num_steps, rewound
        case "rewind rates":
            step, again = total, rewound
        case _:
            raise ValueError(f"unknown method: {method}")
    start = copy.deepcopy(states[step])
    for name, mask in masks.items():
        start[name] = torch.where(mask, start[name], torch.zeros_like(start[name]))
    return start, again
