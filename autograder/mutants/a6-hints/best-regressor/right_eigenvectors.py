# Different: the covariance matrices, inverted where they have a direction.
def best_regressor(guided, hint):
    x = guided - guided.mean(dim=(0, 2, 3), keepdim=True)
    y = hint - hint.mean(dim=(0, 2, 3), keepdim=True)
    own = torch.einsum("nahw,nbhw->ab", x, x)
    cross = torch.einsum("nahw,nbhw->ab", y, x)
    values, vectors = torch.linalg.eigh(own)
    inverse = torch.where(values > 1e-10 * values.max().clamp(min=1e-30), 1 / values, 0.0)
    weight = cross @ vectors @ torch.diag(inverse) @ vectors.T
    bias = hint.mean(dim=(0, 2, 3)) - weight @ guided.mean(dim=(0, 2, 3))
    layer = nn.Conv2d(guided.shape[1], hint.shape[1], 1).double()
    with torch.no_grad():
        layer.weight.copy_(weight[:, :, None, None])
        layer.bias.copy_(bias)
        return weight, bias, F.mse_loss(layer(guided), hint) / 2
