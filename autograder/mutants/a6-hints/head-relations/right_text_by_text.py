# Different: text by text, without padding; cross-entropy minus entropy by einsum.
def head_relations_loss(parts_s, parts_t, kept, num_heads):
    for parts in (parts_s, parts_t):
        if (parts[0].shape[1] * parts[0].shape[3]) % num_heads != 0:
            raise ValueError("The heads cannot be cut into so many pieces.")
    losses = []
    for ours, theirs in zip(parts_s, parts_t, strict=True):
        rows, number = 0, 0
        for s, t, there in zip(ours, theirs, kept, strict=True):
            if there.any():
                tables = []
                for x in (s, t.detach()):
                    x = torch.einsum("hcd->chd", x)[there]
                    x = x.reshape(len(x), num_heads, -1)
                    tables.append(torch.einsum("ihd,jhd->hij", x, x) / x.shape[2] ** 0.5)
                log_s, log_t = (table.log_softmax(-1) for table in tables)
                rows = rows + F.kl_div(log_s, log_t, log_target=True, reduction="sum")
                number += log_s.shape[0] * log_s.shape[1]
        losses.append(rows / number)
    return torch.stack(losses).sum()
