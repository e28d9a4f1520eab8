# alpha stays alphas[0].
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
    networks = (student, teacher, regressor)
    modes = {module: module.training for net in networks for module in net.modules()}

    class Enough(Exception):
        pass

    def output_of(net, name, inputs):
        found = []

        def stop(module, args, output):
            found.append(output)
            raise Enough

        handle = net.get_submodule(name).register_forward_hook(stop)
        try:
            net(inputs)
        except Enough:
            return found[0]
        finally:
            handle.remove()

    def steps(nets, batches, loss_of):
        optimizer = make_optimizer([p for n in nets for p in n.parameters() if p.requires_grad])
        for number, batch in enumerate(batches):
            loss = loss_of(number, batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            yield loss.item()

    def from_hints(number, inputs):
        with torch.no_grad():
            goal = output_of(teacher, hint, inputs)
        return (regressor(output_of(student, guided, inputs)) - goal).square().mean() / 2

    def from_logits(number, batch):
        with torch.no_grad():
            told = teacher(batch[0])
        share = number / max(1, len(logit_batches) - 1)
        alpha = alphas[0] + 0 * (alphas[1] - alphas[0])
        return loss_fn(student(batch[0]), told, batch[1], alpha)

    student.train(), regressor.train(), teacher.eval()
    hint_losses = list(steps([student, regressor], hint_batches, from_hints))
    logit_losses = list(steps([student], logit_batches, from_logits))
    for module, mode in modes.items():
        module.training = mode
    return hint_losses, logit_losses
