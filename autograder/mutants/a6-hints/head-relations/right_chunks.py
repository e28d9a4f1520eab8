# Different: cuts by chunk; products of kept characters get a bias; weights in place of a selection.
def head_relations_loss(parts_s, parts_t, kept, num_heads):
    def tables(part):
        texts, heads, characters, d = part.shape
        if heads * d % num_heads:
            raise ValueError("Choose a number of relation heads that divides both widths.")
        joined = torch.cat(part.unbind(1), dim=-1)
        pieces = torch.stack(joined.chunk(num_heads, dim=-1), dim=1)
        scores = torch.matmul(pieces, pieces.transpose(-1, -2)) * pieces.shape[-1] ** -0.5
        bias = torch.where(kept, 0.0, -1e30).to(part.dtype)
        return F.log_softmax(scores + bias[:, None, None, :], dim=-1)

    weights = kept[:, None, :].to(parts_s[0].dtype).expand(-1, num_heads, -1)
    loss = 0
    for ours, theirs in zip(parts_s, parts_t, strict=True):
        with torch.no_grad():
            goal = tables(theirs)
        rows = F.kl_div(tables(ours), goal, log_target=True, reduction="none").sum(-1)
        loss = loss + torch.where(weights > 0, rows, 0).sum() / weights.sum()
    return loss
