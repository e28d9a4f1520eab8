# Masks the label with minus infinity; divergences by kl_div.
def decoupled_terms(logits_s, logits_t, labels, temperature):
    hidden = F.one_hot(labels, logits_s.shape[1]).bool()

    def two(logits):
        log_p = F.log_softmax(logits / temperature, 1)
        rest = log_p.masked_fill(hidden, -math.inf).logsumexp(1)
        return torch.stack([log_p.gather(1, labels[:, None])[:, 0], rest], 1)

    def others(logits):
        return F.log_softmax(logits[~hidden].view(len(labels), -1) / temperature, dim=1)

    options = {"reduction": "none", "log_target": True}
    target = F.kl_div(two(logits_s), two(logits_t), **options).sum(1)
    nontarget = F.kl_div(others(logits_s), others(logits_t), **options).sum(1)
    return [target, nontarget, two(logits_t)[:, 1].exp()]
