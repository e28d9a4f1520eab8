# Propagates the gradient by hand and sums with einsum.
def network_curvature(model, images, targets, rules):
    conv, pool, head = model[1], model[3], model[5]
    k, step, count = pool.kernel_size[0], pool.stride[0], len(images)
    with torch.no_grad():
        x = images.squeeze(1)
        z = conv(x)
        a = torch.tanh(z)
        means = F.avg_pool1d(a, k, step)
        flat = means.reshape(count, -1)
        error = head(flat) - targets
        back = (error @ head.weight).reshape(means.shape)
        gradient = rules["pool"](back, a.shape[2], k, step) * k
        h = head.weight.square().sum(0).expand(count, -1).reshape(means.shape)
        h = rules["tanh"](z, gradient, rules["pool"](h, a.shape[2], k, step))
        args = (x, conv.weight, h, conv.stride[0], conv.padding[0])
        of_weight, of_bias, _ = rules["conv"](*args)
        of_head = flat.square().mean(0).expand(head.weight.shape)
    return {
        "1.weight": of_weight / count,
        "1.bias": of_bias / count,
        "5.weight": of_head.clone(),
        "5.bias": torch.ones_like(head.bias).detach(),
    }
