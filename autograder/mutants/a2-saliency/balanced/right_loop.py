# Goes unit by unit.
def balanced(first, bias, second):
    first, bias, second = first.clone(), bias.clone(), second.clone()
    for unit in range(bias.numel()):
        into, out = torch.linalg.norm(first[unit]), torch.linalg.norm(second[:, unit])
        if into > 0 and out > 0:
            length = (into * out).sqrt()
            first[unit] *= length / into
            bias[unit] *= length / into
            second[:, unit] *= length / out
    return first, bias, second
