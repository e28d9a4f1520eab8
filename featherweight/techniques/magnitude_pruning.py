"""Exported from `book/pruning/magnitude-pruning.md`: edit the chapter, not this file."""

import copy

import torch


def prunable(model):
    """The weights that pruning may remove: matrices and kernels, by parameter name."""
    return {name: p for name, p in model.named_parameters() if p.dim() > 1}


def keep_largest(scores, density):
    """A mask that keeps exactly round(density * N) of the N largest scores."""
    if not 0 <= density <= 1:
        raise ValueError(f"A density is the fraction kept, from 0 to 1; got {density}.")
    flat = scores.flatten()
    num_kept = round(density * flat.numel())
    mask = torch.zeros(flat.numel(), dtype=torch.bool, device=flat.device)
    mask[flat.topk(num_kept, sorted=False).indices] = True
    return mask.view_as(scores)


def magnitudes(model):
    """The scores of magnitude pruning, by parameter name."""
    return {name: w.detach().abs() for name, w in prunable(model).items()}


def layer_masks(scores, density):
    """Keep the same fraction of every tensor."""
    return {name: keep_largest(s, density) for name, s in scores.items()}


def global_masks(scores, density):
    """Keep the largest scores of all tensors together."""
    flat = torch.cat([s.flatten() for s in scores.values()])
    parts = keep_largest(flat, density).split([s.numel() for s in scores.values()])
    return {
        name: m.view_as(scores[name]) for name, m in zip(scores, parts, strict=True)
    }


@torch.no_grad()
def apply_masks(model, masks):
    """Set the weights that the masks remove to zero."""
    for name, weight in prunable(model).items():
        weight.mul_(masks[name])


def pruned(model, density, masks_of=global_masks):
    """A pruned copy of the model, and its masks."""
    model = copy.deepcopy(model)
    masks = masks_of(magnitudes(model), density)
    apply_masks(model, masks)
    return model, masks


def keep_masks(masks):
    """A hook for `train` that enforces the masks after every optimizer step."""

    def after_step(model, step):
        apply_masks(model, masks)

    return after_step


def round_densities(target, num_rounds):
    """Densities after each round that keeps the same share of what remains."""
    return [target ** (i / num_rounds) for i in range(1, num_rounds + 1)]


def cubic_density(progress, final, initial=1.0):
    """The density at a progress from 0 to 1; it stays at `final` afterwards."""
    remaining = 1 - min(max(progress, 0.0), 1.0)
    return final + (initial - final) * remaining**3


class GradualPruning:
    """A hook for `train`: prune to a growing sparsity, and enforce the last masks."""

    def __init__(self, final, num_steps, every=10):
        self.final, self.num_steps, self.every = final, num_steps, every
        self.masks = None

    def __call__(self, model, step):
        due = step % self.every == 0 or step == self.num_steps
        if due and step <= self.num_steps:
            density = cubic_density(step / self.num_steps, self.final)
            self.masks = global_masks(magnitudes(model), density)
        if self.masks is not None:
            apply_masks(model, self.masks)


def soft_threshold(w, amount):
    """Move every entry toward zero by `amount`, and stop at zero."""
    return w - w.clamp(-amount, amount)


class ProximalSGD(torch.optim.SGD):
    """SGD with momentum whose every step ends with soft-thresholding the weights."""

    def __init__(self, parameters, lr, lam, momentum=0.9):
        super().__init__(parameters, lr, momentum=momentum)
        self.lam = lam

    @torch.no_grad()
    def step(self):
        super().step()
        for group in self.param_groups:
            amount = self.lam * group["lr"] / (1 - group["momentum"])
            for w in (p for p in group["params"] if p.dim() > 1):
                w.copy_(soft_threshold(w, amount))


def csr_bytes(num_nonzero, num_rows, index_bytes=4, value_bytes=4):
    """Bytes of a matrix in compressed sparse rows, with 4-byte row pointers."""
    return num_nonzero * (value_bytes + index_bytes) + 4 * (num_rows + 1)


def bitmap_bytes(num_nonzero, num_entries, value_bytes=4):
    """Bytes of the values and one bit for each position, rounded up."""
    return num_nonzero * value_bytes + -(-num_entries // 8)
