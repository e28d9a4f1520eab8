# Compares queries with keys, as the first version does, and values with values.
def head_relations_loss(parts_s, parts_t, kept, num_heads):
    def log_relations(part, other=None):
        joined = part.transpose(1, 2).flatten(2)
        if joined.shape[2] % num_heads:
            raise ValueError(f"{joined.shape[2]} numbers do not make {num_heads} equal pieces.")
        pieces = joined.unflatten(2, (num_heads, -1)).transpose(1, 2)
        other = part if other is None else other
        keys = other.transpose(1, 2).flatten(2).unflatten(2, (num_heads, -1)).transpose(1, 2)
        table = pieces @ keys.mT / math.sqrt(pieces.shape[3])
        return table.masked_fill(~kept[:, None, None], -1e9).log_softmax(dim=3)

    total = parts_s[0].new_zeros(())
    (q_s, k_s, v_s), (q_t, k_t, v_t) = parts_s, parts_t
    for ours, theirs in (((q_s, k_s), (q_t, k_t)), ((v_s, v_s), (v_t, v_t))):
        log_q, log_p = log_relations(*ours), log_relations(*(t.detach() for t in theirs))
        wrong = (log_p.exp() * (log_p - log_q)).sum(dim=3)
        total = total + wrong.transpose(1, 2)[kept].mean()
    return total
