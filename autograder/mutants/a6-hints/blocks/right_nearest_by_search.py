# Different: looks for the nearest number; splits the names at their dots.
import copy


def spread_blocks(num_s, num_t):
    if not 0 < num_s <= num_t:
        raise ValueError("Choose between one block and all of them.")
    if num_s == 1:
        return [num_t - 1]
    chosen = []
    for i in range(num_s):
        goal = i * (num_t - 1)
        chosen.append(max(range(num_t), key=lambda n, goal=goal: (-abs(n * (num_s - 1) - goal), n)))
    return chosen


def student_state(state_t, prefix, blocks):
    words = prefix.split(".")
    depth = len(words)
    groups, rest = {}, {}
    for name, tensor in state_t.items():
        parts = name.split(".")
        if parts[:depth] == words and len(parts) > depth + 1 and parts[depth].isdecimal():
            groups.setdefault(int(parts[depth]), {})[".".join(parts[depth + 1 :])] = tensor
        else:
            rest[name] = copy.deepcopy(tensor)
    for i, block in enumerate(blocks):
        if block not in groups:
            raise ValueError(f"There is no block {block}.")
        rest.update(
            {".".join([*words, str(i), n]): copy.deepcopy(t) for n, t in groups[block].items()}
        )
    return rest
