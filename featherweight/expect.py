"""Assertions whose messages teach: type first, then shape, then value.

Visible tests in assignments and hidden checks in the grader share these functions, so that a
student reads the same kind of sentence in both places.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

ATOL = {torch.float64: 1e-9, torch.float32: 1e-5, torch.float16: 1e-3, torch.bfloat16: 1e-2}


def _say(sentence: str, hint: str | None) -> str:
    return f"{sentence} Hint: {hint}" if hint else sentence


def _kind(value: Any) -> str:
    """The name of a value's type; of an object that the grader does not fetch, its type there."""
    return str(getattr(value, "type_name", "") or type(value).__name__)


def _shown(value: Any) -> str:
    text = repr(value[:200] if isinstance(value, str) else value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def tensor(got: Any, hint: str | None = None, name: str = "The result") -> None:
    """Fail unless `got` is a tensor."""
    if not isinstance(got, torch.Tensor):
        raise AssertionError(_say(f"{name} must be a torch.Tensor, not {_kind(got)}.", hint))
    ordinary = got.layout is torch.strided and not (
        got.is_quantized or got.is_nested or got.is_meta
    )
    if not ordinary or got.is_complex():
        raise AssertionError(
            _say(f"{name} must be an ordinary dense tensor of real numbers.", hint)
        )


def shape(
    got: torch.Tensor, expected: Sequence[int], hint: str | None = None, name: str = "The result"
) -> None:
    """Fail unless the tensor `got` has exactly the shape `expected`."""
    tensor(got, hint, name)
    if tuple(got.shape) != tuple(expected):
        raise AssertionError(
            _say(f"{name} has shape {tuple(got.shape)}; expected {tuple(expected)}.", hint)
        )


def equal(got: Any, expected: Any, hint: str | None = None, name: str = "The result") -> None:
    """Fail unless `got` equals `expected` exactly: counts, flags, masks, names."""
    close(got, expected, hint, atol=0.0, name=name)


def close(
    got: Any,
    expected: Any,
    hint: str | None = None,
    atol: float | None = None,
    name: str = "The result",
) -> None:
    """Fail unless `got` matches `expected`: numbers, tensors, or containers of them.

    Without `atol` the tolerance follows what is expected: none for an int, 1e-6 of its size for a
    float (which may come from float32 arithmetic), 1e-9 for float64 tensors, 1e-5 for float32.
    """
    if isinstance(expected, torch.Tensor):
        _close_tensor(got, expected, hint, atol, name)
    elif isinstance(expected, Mapping):
        _close_mapping(got, expected, hint, atol, name)
    elif isinstance(expected, list | tuple):
        _close_sequence(got, expected, hint, atol, name)
    elif isinstance(expected, bool) or expected is None or isinstance(expected, str):
        if type(got) is not type(expected) or got != expected:
            sentence = f"{name} is {_shown(got)}; expected {_shown(expected)}."
            raise AssertionError(_say(sentence, hint))
    else:
        _close_number(got, expected, hint, atol, name)


def _close_number(
    got: Any, expected: float, hint: str | None, atol: float | None, name: str
) -> None:
    if isinstance(got, torch.Tensor) and got.numel() == 1:
        tensor(got, hint, name)
        got = got.item()
    if isinstance(got, bool) or not isinstance(got, int | float):
        raise AssertionError(_say(f"{name} must be a number, not {_kind(got)}.", hint))
    try:
        float(got)
    except OverflowError:
        raise AssertionError(_say(f"{name} is not a number of an ordinary size.", hint)) from None
    if atol is None:
        atol = 1e-6 * max(1.0, abs(expected)) if isinstance(expected, float) else 0.0
    if got != expected and not abs(got - expected) <= atol:
        raise AssertionError(_say(f"{name} is {got:.10g}; expected {expected:.10g}.", hint))


def _close_tensor(
    got: Any, expected: torch.Tensor, hint: str | None, atol: float | None, name: str
) -> None:
    shape(got, expected.shape, hint, name)
    tolerance = ATOL.get(expected.dtype, 0.0) if atol is None else atol
    is_mask = expected.dtype == torch.bool
    got, expected = _numbers(got), _numbers(expected)
    if is_mask and not ((got == 0) | (got == 1)).all():
        raise AssertionError(_say(f"{name} must be a mask of True/False or 1/0.", hint))
    if not got.isfinite().all() and expected.isfinite().all():
        raise AssertionError(_say(f"{name} holds NaN or infinite values.", hint))
    wrong = ~((got - expected).abs() <= tolerance) & (got != expected)
    if wrong.any():
        raise AssertionError(_say(_describe(wrong, got, expected, name), hint))


def _numbers(values: torch.Tensor) -> torch.Tensor:
    """The entries in the widest type of their kind: int64 for whole numbers, else float64."""
    values = values.detach().cpu()
    whole = not values.is_floating_point() and values.dtype is not torch.uint64
    return values.long() if whole else values.double()


def _describe(wrong: torch.Tensor, got: torch.Tensor, expected: torch.Tensor, name: str) -> str:
    where = tuple(int(i) for i in wrong.nonzero()[0])
    place = f"[{', '.join(map(str, where))}]" if where else ""
    return (
        f"{name} is wrong in {int(wrong.sum())} of {wrong.numel()} entries; "
        f"{place or 'its value'} is {got[where].item():.6g}, "
        f"expected {expected[where].item():.6g}."
    )


def _close_mapping(
    got: Any, expected: Mapping, hint: str | None, atol: float | None, name: str
) -> None:
    if not isinstance(got, Mapping):
        raise AssertionError(_say(f"{name} must be a dict, not {_kind(got)}.", hint))
    if set(got) != set(expected):
        raise AssertionError(
            _say(f"{name} has the keys {_keys(got)}; expected {_keys(expected)}.", hint)
        )
    for key in expected:
        close(got[key], expected[key], hint, atol, name=f"{name}[{key!r}]")


def _keys(mapping: Mapping) -> list:
    return sorted(mapping, key=repr)


def _close_sequence(
    got: Any, expected: Sequence, hint: str | None, atol: float | None, name: str
) -> None:
    if not isinstance(got, list | tuple):
        raise AssertionError(_say(f"{name} must be a list or tuple, not {_kind(got)}.", hint))
    if len(got) != len(expected):
        raise AssertionError(
            _say(f"{name} has {len(got)} entries; expected {len(expected)}.", hint)
        )
    for i, (one, other) in enumerate(zip(got, expected, strict=True)):
        close(one, other, hint, atol, name=f"{name}[{i}]")
