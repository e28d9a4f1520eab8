"""The small networks that the course compresses, each short enough to read on one page."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

MakeConv = Callable[[int, int, int], nn.Module]


def build(name: str, seed: int | None = None, **options: Any) -> nn.Module:
    """Build a model by its function's name; with `seed`, its weights are reproducible."""
    if name not in BUILDERS:
        raise ValueError(f"There is no model '{name}': choose one of {', '.join(BUILDERS)}.")
    if seed is None:
        return BUILDERS[name](**options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BUILDERS[name](**options)


def mlp(sizes: Sequence[int] = (784, 300, 100, 10)) -> nn.Sequential:
    """Fully connected layers with ReLU between them."""
    if len(sizes) < 2:
        raise ValueError(f"An MLP needs at least an input and an output size; got {sizes}.")
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet_300_100() -> nn.Sequential:
    """The fully connected LeNet-300-100: 266,200 weights, the workhorse of pruning papers."""
    return mlp((784, 300, 100, 10))


def small_cnn(
    width: int = 8, hidden: int = 64, num_classes: int = 10, in_channels: int = 1, size: int = 28
) -> nn.Sequential:
    """Two convolutions with pooling, then two linear layers."""
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * width * (size // 4) ** 2, hidden),
        nn.ReLU(),
        nn.Linear(hidden, num_classes),
    )


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    """The standard 3 by 3 convolution of a ResNet."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut that, where shapes change, subsamples and pads with zeros."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, conv: MakeConv):
        super().__init__()
        self.conv1 = conv(in_channels, out_channels, stride)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = conv(out_channels, out_channels, 1)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride, self.added_channels = stride, out_channels - in_channels

    def shortcut(self, x: torch.Tensor) -> torch.Tensor:
        """Match the block's output shape without any parameter."""
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.added_channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


def resnet(
    depth: int = 8,
    width: int = 16,
    num_classes: int = 10,
    in_channels: int = 3,
    conv: MakeConv = conv3x3,
) -> nn.Sequential:
    """A CIFAR ResNet of depth 6n + 2, with a pluggable 3 by 3 convolution in its blocks."""
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(f"A CIFAR ResNet has 6n + 2 layers (8, 14, 20, ...); got depth {depth}.")
    layers: list[nn.Module] = [conv3x3(in_channels, width), nn.BatchNorm2d(width), nn.ReLU()]
    channels = width
    for stage in range(3):
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(BasicBlock(channels, width * 2**stage, stride, conv))
            channels = width * 2**stage
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)]
    return nn.Sequential(*layers, *head)


VGG_PLANS = {
    8: (64, "pool", 128, "pool", 256, 256, "pool", 512, "pool"),
    16: (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool",
         512, 512, 512, "pool", 512, 512, 512, "pool"),
}  # fmt: skip


def vgg(
    depth: int = 8, width: float = 1.0, num_classes: int = 10, in_channels: int = 3
) -> nn.Sequential:
    """A CIFAR-style VGG with batch-norm; `width` scales every layer's channels."""
    if depth not in VGG_PLANS:
        raise ValueError(f"There is no VGG plan of depth {depth}: choose one of {[*VGG_PLANS]}.")
    layers: list[nn.Module] = []
    channels = in_channels
    for step in VGG_PLANS[depth]:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(2))
            continue
        out_channels = max(1, round(step * width))
        conv = nn.Conv2d(channels, out_channels, 3, padding=1)
        layers += [conv, nn.BatchNorm2d(out_channels), nn.ReLU()]
        channels = out_channels
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)]
    return nn.Sequential(*layers, *head)


class TransformerBlock(nn.Module):
    """Self-attention and a two-layer MLP, each with a residual connection and pre-norm."""

    def __init__(self, width: int, num_heads: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, num_heads, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor, padding: torch.Tensor | None = None) -> torch.Tensor:
        h = self.norm1(x)
        h, _ = self.attention(h, h, h, key_padding_mask=padding, need_weights=False)
        x = x + h
        return x + self.mlp(self.norm2(x))


class TinyTransformer(nn.Module):
    """Classifies a sequence of tokens by the mean of its last hidden states; token 0 is padding."""

    def __init__(
        self,
        vocabulary: int = 256,
        width: int = 64,
        num_heads: int = 4,
        num_layers: int = 2,
        num_classes: int = 10,
        max_length: int = 128,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=0)
        self.position = nn.Parameter(0.02 * torch.randn(max_length, width))
        self.blocks = nn.ModuleList(TransformerBlock(width, num_heads) for _ in range(num_layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        padding = tokens == 0
        x = self.embedding(tokens) + self.position[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, padding)
        kept = (~padding).unsqueeze(-1).to(x.dtype)
        mean = (self.norm(x) * kept).sum(dim=1) / kept.sum(dim=1).clamp_min(1)
        return self.head(mean)


def tiny_transformer(**options: Any) -> TinyTransformer:
    """A transformer encoder for short token sequences."""
    return TinyTransformer(**options)


BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "lenet_300_100": lenet_300_100,
    "small_cnn": small_cnn,
    "resnet": resnet,
    "resnet8": partial(resnet, depth=8),
    "resnet20": partial(resnet, depth=20),
    "resnet56": partial(resnet, depth=56),
    "vgg": vgg,
    "tiny_transformer": tiny_transformer,
}
