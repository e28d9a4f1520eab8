"""The networks: shapes, exact parameter counts, and a clear refusal of impossible arguments."""

import pytest
import torch
from torch import nn

from featherweight import models


def num_parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("lenet_300_100", {}, (2, 1, 28, 28)),
        ("small_cnn", {"width": 4}, (2, 1, 28, 28)),
        ("small_cnn", {"in_channels": 3, "size": 32}, (2, 3, 32, 32)),
        ("resnet8", {}, (2, 3, 32, 32)),
        ("vgg", {"width": 0.25}, (2, 3, 32, 32)),
        ("vgg", {"depth": 16, "width": 0.1}, (2, 3, 32, 32)),
    ],
)
def test_every_model_returns_logits_of_ten_classes(name, options, shape):
    assert models.build(name, seed=0, **options)(torch.rand(shape)).shape == (2, 10)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("lenet_300_100", {}, 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10),
        ("resnet20", {}, 269_722),
        ("resnet56", {}, 853_018),
        ("vgg", {"depth": 16}, 14_728_266),
    ],
)
def test_parameter_counts_are_those_of_the_literature(name, options, expected):
    assert num_parameters(models.build(name, **options)) == expected


def test_a_seed_fixes_the_weights_and_leaves_the_global_generator_alone():
    state = torch.random.get_rng_state()
    one, other = models.build("mlp", seed=3), models.build("mlp", seed=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.equal(models.build("mlp", seed=4)[1].weight, one[1].weight)


def test_the_convolution_of_a_resnet_can_be_replaced():
    def depthwise(in_channels, out_channels, stride):
        return nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 3, stride, 1, groups=in_channels, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
        )

    cheap = models.resnet(depth=8, conv=depthwise)
    assert cheap(torch.rand(1, 3, 32, 32)).shape == (1, 10)
    assert num_parameters(cheap) < num_parameters(models.resnet(depth=8)) / 5


def test_padding_tokens_do_not_change_the_transformers_answer():
    model = models.build("tiny_transformer", seed=0).eval()
    tokens = torch.tensor([[5, 9, 2, 7]])
    padded = torch.cat([tokens, torch.zeros(1, 3, dtype=torch.long)], dim=1)
    assert torch.allclose(model(tokens), model(padded), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: models.build("alexnet"), "choose one of"),
        (lambda: models.resnet(depth=10), "6n \\+ 2"),
        (lambda: models.resnet(depth=2), "6n \\+ 2"),
        (lambda: models.vgg(depth=11), "choose one of"),
        (lambda: models.mlp((784,)), "an input and an output size"),
    ],
)
def test_an_impossible_architecture_says_what_is_possible(call, message):
    with pytest.raises(ValueError, match=message):
        call()
