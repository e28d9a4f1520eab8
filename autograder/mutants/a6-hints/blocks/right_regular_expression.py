# Different: a regular expression; torch.linspace is not exact, so fractions.
import re
from fractions import Fraction


def spread_blocks(num_s, num_t):
    if num_s < 1 or num_s > num_t:
        raise ValueError("A student needs at least one block and at most its teacher's number.")
    last = num_t - 1
    places = [Fraction(i * last, num_s - 1) for i in range(num_s)] if num_s > 1 else [last]
    return [math.floor(place + Fraction(1, 2)) for place in places]


def student_state(state_t, prefix, blocks):
    pattern = re.compile(re.escape(prefix) + r"\.(\d+)\.(.+)")
    numbers, found = set(), {}
    for name, tensor in state_t.items():
        match = pattern.fullmatch(name)
        if match is None:
            found[name] = tensor.detach().clone()
            continue
        numbers.add(int(match[1]))
        for place, block in enumerate(blocks):
            if block == int(match[1]):
                found[f"{prefix}.{place}.{match[2]}"] = tensor.detach().clone()
    if not set(blocks) <= numbers:
        raise ValueError(f"The teacher has the blocks {sorted(numbers)}.")
    return found
