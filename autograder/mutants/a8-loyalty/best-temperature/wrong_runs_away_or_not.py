# LBFGS does not run away where the cross-entropy and its slope round to 0.
def best_temperature(logits, targets):
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    opt = torch.optim.LBFGS([log_t], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = -(targets * (logits / log_t.exp()).log_softmax(1)).sum(1).mean()
        loss.backward()
        return loss

    opt.step(closure)
    t = float(log_t.exp())
    if not 1e-3 < t < 1e3:
        raise ValueError("no temperature")
    return t
