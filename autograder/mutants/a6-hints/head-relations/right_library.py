# Different: the library's distributions and their divergence, for the rows that count.
def head_relations_loss(parts_s, parts_t, kept, num_heads):
    import torch.distributions as D

    def table(part):
        joined = part.permute(0, 2, 1, 3).flatten(2)
        if joined.shape[2] % num_heads != 0:
            raise ValueError
        pieces = joined.unflatten(2, (num_heads, joined.shape[2] // num_heads)).movedim(2, 1)
        q = torch.einsum("nhid,nhjd->nhij", pieces, pieces) / math.sqrt(pieces.shape[-1])
        q = torch.where(kept[:, None, None], q, torch.finfo(q.dtype).min)
        return D.Categorical(logits=q.transpose(1, 2)[kept])

    if not kept.any():
        return sum((p * 0).sum() for p in parts_s)
    with torch.no_grad():
        goals = [table(p) for p in parts_t]
    return torch.stack([D.kl_divergence(g, table(p)).mean() for g, p in zip(goals, parts_s)]).sum()
