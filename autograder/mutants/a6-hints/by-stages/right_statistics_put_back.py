# Different: lets the whole student run and puts the buffers above back; freezes by requires_grad.
def by_stages(
    student,
    guided,
    teacher,
    hint,
    regressor,
    hint_batches,
    logit_batches,
    make_optimizer,
    loss_fn,
    alphas,
):
    every = [*student.modules(), *teacher.modules(), *regressor.modules()]
    modes = [module.training for module in every]
    flags = [(p, p.requires_grad) for p in student.parameters()]
    seen = {}

    def keep(place):
        def hook(module, args, output):
            seen[place] = output

        return hook

    hooks = [
        student.get_submodule(guided).register_forward_hook(keep("student")),
        teacher.get_submodule(hint).register_forward_hook(keep("teacher")),
    ]
    student.train()
    regressor.train()
    teacher.eval()
    losses = [], []

    def trained(parameters):
        return [p for p in parameters if p.requires_grad]

    if hint_batches:
        probe = hint_batches[0]
        student.eval()
        student(probe)
        own = trained(student.parameters())
        reached = torch.autograd.grad(seen["student"].sum(), own, allow_unused=True)
        for parameter, slope in zip(own, reached, strict=True):
            parameter.requires_grad_(slope is not None)
        below = student.get_submodule(guided)
        optimizer = make_optimizer(trained([*student.parameters(), *regressor.parameters()]))
        order = []
        marks = [
            m.register_forward_pre_hook(lambda m, args: order.append(m)) for m in student.modules()
        ]
        student.eval()
        student(probe)
        student.train()
        for mark in marks:
            mark.remove()
        after = order.index(below) + 1
        upper = [m for m in order[after:] if m not in order[:after]]
        upper = [m for m in upper if m not in list(below.modules())]
        held = [(b, b.clone()) for m in upper for b in m.buffers(recurse=False)]
        for inputs in hint_batches:
            optimizer.zero_grad()
            student(inputs)
            with torch.no_grad():
                teacher(inputs)
            loss = 0.5 * F.mse_loss(regressor(seen["student"]), seen["teacher"])
            loss.backward()
            optimizer.step()
            losses[0].append(float(loss.detach()))
            for buffer, value in held:
                buffer.copy_(value)
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
    optimizer = make_optimizer(trained(student.parameters())) if logit_batches else None
    weights = torch.linspace(alphas[0], alphas[1], len(logit_batches), dtype=torch.float64)
    for (inputs, labels), alpha in zip(logit_batches, weights.tolist(), strict=True):
        optimizer.zero_grad()
        with torch.no_grad():
            answers = teacher(inputs)
        loss = loss_fn(student(inputs), answers, labels, alpha)
        loss.backward()
        optimizer.step()
        losses[1].append(loss.item())
    for handle in hooks:
        handle.remove()
    for module, mode in zip(every, modes, strict=True):
        module.training = mode
    return losses
