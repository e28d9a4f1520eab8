# Keeps probabilities away from 0 and 1 by a small number.
def decoupled_terms(logits_s, logits_t, labels, temperature):
    p, q = ((logits / temperature).softmax(dim=1) for logits in (logits_t, logits_s))
    truth = F.one_hot(labels, p.shape[1]).bool()
    own_p, own_q = p[truth].clamp(1e-7, 1 - 1e-7), q[truth].clamp(1e-7, 1 - 1e-7)
    target = own_p * (own_p / own_q).log() + (1 - own_p) * ((1 - own_p) / (1 - own_q)).log()
    p_others = p[~truth].view(len(labels), -1) / (1 - own_p)[:, None]
    q_others = q[~truth].view(len(labels), -1) / (1 - own_q)[:, None]
    nontarget = (p_others * (p_others / q_others).log()).sum(dim=1)
    return target, nontarget, 1 - own_p
