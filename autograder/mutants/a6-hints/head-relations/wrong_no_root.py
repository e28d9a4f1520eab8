# Does not divide.
def head_relations_loss(parts_s, parts_t, kept, num_heads):
    def log_relations(part):
        joined = part.transpose(1, 2).flatten(2)
        if joined.shape[2] % num_heads:
            raise ValueError(f"{joined.shape[2]} numbers do not make {num_heads} equal pieces.")
        pieces = joined.unflatten(2, (num_heads, -1)).transpose(1, 2)
        table = pieces @ pieces.mT
        return table.masked_fill(~kept[:, None, None], -1e9).log_softmax(dim=3)

    total = parts_s[0].new_zeros(())
    for ours, theirs in zip(parts_s, parts_t, strict=True):
        log_q, log_p = log_relations(ours), log_relations(theirs.detach())
        wrong = (log_p.exp() * (log_p - log_q)).sum(dim=3)
        total = total + wrong.transpose(1, 2)[kept].mean()
    return total
