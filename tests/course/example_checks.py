"""One short check for each thing that a check can ask; the guide's page on checks shows them."""

import torch
from torch.nn.functional import kl_div

from autograder import inputs
from autograder.check import check, close, part, unmodified

ANSWERS = '''
import torch
from torch import nn


def soft_loss(logits_s, logits_t, T):
    """T**2 times the KL divergence of the softened student from the softened teacher."""
    p = (logits_t.detach() / T).softmax(dim=1)
    return T**2 * (p * (p.log() - (logits_s / T).log_softmax(dim=1))).sum(dim=1).mean()


def drop(weights, p):
    """Set each weight to zero with probability p, and divide the others by 1 - p."""
    return weights * (torch.rand_like(weights) >= p) / (1 - p)


def halve(layer):
    """Multiply the layer's weight by 0.5, in place, and leave its bias alone."""
    layer.weight.data.mul_(0.5)


def train(model, batches, every):
    """One pass of SGD (lr 0.1) that adds up gradients and takes a step after `every` batches."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for number, (x, y) in enumerate(batches, start=1):
        (model(x) - y).square().mean().backward()
        if number % every == 0:
            optimizer.step()
            optimizer.zero_grad()


def best_of(measure, times):
    """The smallest of `times` measurements."""
    return min(measure() for _ in range(times))


def distances(points):
    """The Euclidean distance of every two points, as a matrix."""
    return (points[:, None] - points[None]).square().sum(-1).sqrt()
'''


@check("distances", points=2)
def distances(student, rng):
    points = inputs.weights(rng, inputs.integer(rng, 5, 9), 3)
    with part(1, "different points"):
        got = student.call("distances", points)
        close(got, torch.cdist(points, points), hint="what follows the sum of the squares?")
        unmodified(student)
    with part(1, "points far away from zero"):
        got = student.call("distances", points + 1000)
        close(got, torch.cdist(points, points), hint="which numbers cancel?", atol=1e-2)


@check("gradient", points=2)
def gradient(student, rng):
    logits_s, logits_t = inputs.logits(rng), inputs.logits(rng)
    ours = logits_s.clone().requires_grad_()
    soft = kl_div((ours / 3).log_softmax(1), (logits_t / 3).softmax(1), reduction="batchmean")
    (9 * soft).backward()
    got_s, got_t = student.gradient("soft_loss", logits_s, logits_t, T=3.0, wrt=[0, 1])
    close(got_s, ours.grad, hint="does the loss carry T**2?")
    close(got_t, torch.zeros_like(got_t), hint="nothing flows into the teacher: detach it.")


@check("draws", points=2)
def draws(student, rng):
    weights = inputs.weights(rng, 40, 50)
    first, again = student.repeated("drop", weights, 0.3, seed=inputs.integer(rng, 1, 10**6))
    close(again, first, hint="draw with torch's generators: a seed must fix the result.", atol=0)
    (other,) = student.repeated("drop", weights, 0.3, seed=0, times=1)
    assert not torch.equal(other, first), "Another seed gives the same mask: is it drawn at all?"
    kept = first != 0
    close(first[kept], weights[kept] / 0.7, hint="survivors are divided by 1 - p.")
    close(kept.float().mean(), 0.7, hint="p is the fraction that goes.", atol=0.1)


@check("state", points=1)
def state(student, rng):
    before = {"weight": inputs.weights(rng, 3, 4), "bias": inputs.weights(rng, 3)}
    layer = student.build("torch.nn:Linear", 4, 3, state=before)
    student.call("halve", layer)
    after = student.state(layer)
    close(after, {"weight": before["weight"] / 2, "bias": before["bias"]})


@check("calls", points=2)
def calls(student, rng):
    batches = [(inputs.weights(rng, 5, 4), inputs.weights(rng, 5, 3)) for _ in range(6)]
    start = {"weight": inputs.weights(rng, 3, 4), "bias": torch.zeros(3)}
    model = student.build("torch.nn:Linear", 4, 3, state=start)
    _, steps = student.count_calls("torch.optim:SGD.step", "train", model, batches, every=3)
    with part(1, "how many steps"):
        close(steps, 2, hint="one step after every three batches.", name="The number of steps")
    with part(1, "the weights after them"):
        close(student.state(model)["weight"], trained(start, batches, every=3))


def trained(start, batches, every):
    weight, bias = start["weight"].clone(), start["bias"].clone()
    grads = torch.zeros_like(weight), torch.zeros_like(bias)
    for number, (x, y) in enumerate(batches, start=1):
        error = 2 * (x @ weight.T + bias - y) / y.numel()
        grads = grads[0] + error.T @ x, grads[1] + error.sum(0)
        if number % every == 0:
            weight, bias = weight - 0.1 * grads[0], bias - 0.1 * grads[1]
            grads = torch.zeros_like(weight), torch.zeros_like(bias)
    return weight


METER = """
def meter(readings):
    left = iter(readings)
    return lambda: next(left)
"""


@check("passed", points=1)
def passed(student, rng):
    readings = [inputs.uniform(rng, 5, 9), inputs.uniform(rng, 1, 2), 7.0, 0.5]
    student.define(METER)
    meter = student.call_kept(student.helper("meter"), readings)
    got = student.call("best_of", meter, times=3)
    close(got, readings[1], hint="measure exactly `times` times, and take the smallest.")


LOOP = """
import torch

def slow(points):
    rows = [[(a - b).square().sum().sqrt() for b in points] for a in points]
    return torch.tensor(rows)
"""


@check("speed", points=1)
def speed(student, rng):
    student.define(LOOP)
    points = inputs.weights(rng, 60, 3)
    expected, loop = student.timed(student.helper("slow"), points)
    got, theirs = student.timed("distances", points, repeats=5)
    close(got, expected)
    assert theirs < loop / 3, "This is hardly faster than a loop over all pairs: vectorize it."
