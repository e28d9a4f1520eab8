"""The small program that answers the grader's requests inside the student's process.

Its source is sent to the student's kernel as text, so it imports nothing of this package. The
grader's side imports it too, for `encode` and `decode`: what crosses is JSON and safetensors only.
"""

import base64
import builtins
import importlib
import json
import math
import random
import sys
import traceback

MAX_DEPTH = 40
MAX_BYTES = 64 * 10**6
MAX_TEXT = 2000


class NotPlain(TypeError):
    """A value that is no plain data, where only plain data may cross."""


class TooLarge(ValueError):
    """A value of more bytes than one answer may carry."""


class Budget:
    """The bytes that one message may still carry."""

    def __init__(self, size=MAX_BYTES):
        self.left = size

    def spend(self, size):
        self.left -= size
        if self.left < 0:
            raise TooLarge(f"the value is larger than {MAX_BYTES // 10**6} MB")


def encode(value, keep, budget=None, depth=0):
    """Plain data as JSON values; `keep(object)` gives number and type of what stays behind."""
    budget = budget or Budget()
    budget.spend(8)
    if depth > MAX_DEPTH:
        raise TooLarge(f"the value is nested more than {MAX_DEPTH} levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        budget.spend(len(value))
        return str.__str__(value)
    if isinstance(value, int):
        budget.spend(int.bit_length(value) // 8)
        return int.__index__(value)
    if isinstance(value, float):
        value = float.__float__(value)
        return value if math.isfinite(value) else {"float": repr(value)}
    for kind in (list, tuple):
        if isinstance(value, kind):
            items = [encode(v, keep, budget, depth + 1) for v in kind.__iter__(value)]
            return {kind.__name__: items}
    if isinstance(value, dict) and all(type(key) in (str, int) for key in value):
        pairs = dict.items(value)
        return {"dict": [[key, encode(v, keep, budget, depth + 1)] for key, v in pairs]}
    array = encode_array(value, budget)
    return array if array is not None else {"handle": keep(value)}


def encode_array(value, budget):
    """Tensors, arrays, their scalars, dtypes and generators; None for anything else."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy and isinstance(value, (numpy.bool_, numpy.integer, numpy.float16, numpy.float32)):
        return encode(value.item(), None, budget)
    if numpy and isinstance(value, numpy.ndarray) and value.dtype.kind in "biuf":
        return encode_numpy(numpy, value, budget)
    if torch and isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if torch and isinstance(value, torch.Generator):
        return {"generator": pack_tensor(value.get_state(), budget)}
    if torch and isinstance(value, torch.Tensor) and is_dense(torch, value):
        data = pack_tensor(value.detach().as_subclass(torch.Tensor), budget)
        return {"tensor": data, "grad": bool(value.requires_grad)}
    return None


def encode_numpy(numpy, value, budget):
    if value.dtype.itemsize > 8:
        return None
    budget.spend(value.nbytes)
    from safetensors.numpy import save

    native = value.astype(value.dtype.newbyteorder("="))
    return {"array": text_of(save({"value": numpy.ascontiguousarray(native).reshape(value.shape)}))}


def is_dense(torch, value):
    dense = value.layout is torch.strided and not value.is_quantized and not value.is_complex()
    return dense and value.device.type != "meta"


def pack_tensor(tensor, budget):
    budget.spend(tensor.numel() * tensor.element_size())
    from safetensors.torch import save

    return text_of(save({"value": tensor.cpu().contiguous()}))


def text_of(data):
    return base64.b64encode(data).decode("ascii")


def decode(data, resolve, grads=True, depth=0):
    """The value of JSON data; `resolve(number, type_name)` gives the object of a handle.

    With `grads`, a tensor that required a gradient requires it again.
    """
    if depth > MAX_DEPTH + 1:
        raise NotPlain("nested too deep")
    if data is None or type(data) in (bool, int, float, str):
        return data
    if type(data) is not dict or not data:
        raise NotPlain("not in the form of an answer")
    tag, body = next(iter(data.items()))
    if tag == "list":
        return [decode(item, resolve, grads, depth + 1) for item in body]
    if tag == "tuple":
        return tuple(decode(item, resolve, grads, depth + 1) for item in body)
    if tag == "dict":
        return {plain_key(key): decode(item, resolve, grads, depth + 1) for key, item in body}
    if tag == "handle":
        return resolve(int(body[0]), str(body[1])[:200])
    return decode_array(tag, body, grads and data.get("grad") is True)


def plain_key(key):
    if type(key) not in (str, int):
        raise NotPlain("a key that is neither text nor a number")
    return key


def decode_array(tag, body, requires_grad):
    if tag == "float" and body in ("nan", "inf", "-inf"):
        return float(body)
    if tag == "array":
        from safetensors.numpy import load

        return load(base64.b64decode(body))["value"]
    if tag not in ("tensor", "generator", "dtype"):
        raise NotPlain("an unknown kind of value")
    import torch

    if tag == "dtype":
        dtype = getattr(torch, str(body), None)
        if not isinstance(dtype, torch.dtype):
            raise NotPlain("an unknown dtype")
        return dtype
    from safetensors.torch import load

    tensor = load(base64.b64decode(body))["value"]
    if tag == "tensor":
        return tensor.requires_grad_(requires_grad and tensor.is_floating_point())
    generator = torch.Generator()
    generator.set_state(tensor)
    return generator


def type_name(value):
    kind = type(value)
    module = getattr(kind, "__module__", "")
    name = getattr(kind, "__qualname__", "object")
    return name if module in ("builtins", "__main__") else f"{module}.{name}"


def error_text(error):
    """The message of an exception, bounded, whatever its `__str__` does."""
    try:
        return str(error)[:MAX_TEXT]
    except Exception as broken:
        return f"(its message raised {type(broken).__name__})"


def student_line(error):
    """The line of the student's own cell where an exception arose, or an empty string."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "ipykernel_" in frame.filename:
            return (frame.line or "").strip()[:200]
    return ""


class Missing(LookupError):
    """A name that the student's namespace does not have."""


class Kept:
    """Marks a value that stays behind as a handle even if it is plain data."""

    def __init__(self, thing):
        self.thing = thing


class Agent:
    """Resolves names in the student's namespace, calls, and answers with plain data."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.begin(0)

    def answer(self, text):
        """One request as JSON text, one answer as JSON text; exceptions become answers."""
        try:
            request = json.loads(text)
            args = self.decoded(request.get("args", {"list": []}))
            kwargs = self.decoded(request.get("kwargs", {"dict": []}))
            value = getattr(self, request["do"])(*args, **kwargs)
            reply = {"value": encode(value, self.keep)}
            return json.dumps(reply, allow_nan=False)
        except BaseException as error:
            return json.dumps({"error": self.described(error)})

    def described(self, error):
        kind = "missing" if isinstance(error, Missing) else "raised"
        if isinstance(error, (NotPlain, TooLarge)):
            kind = "unusable"
        if isinstance(error, KeyboardInterrupt):
            kind = "interrupted"
        message, line = error_text(error), student_line(error)
        return {"kind": kind, "type": type(error).__name__, "message": message, "line": line}

    def decoded(self, data):
        return decode(data, lambda number, name: self.objects[number])

    def keep(self, value):
        value = value.thing if isinstance(value, Kept) else value
        self.objects.append(value)
        return [len(self.objects) - 1, type_name(value)]

    def find(self, name):
        if not isinstance(name, str):
            return name
        if name not in self.namespace:
            raise Missing(name)
        return self.namespace[name]

    # What the grader may ask for.

    def begin(self, seed):
        """A new check: forget the last one's objects and seed every generator."""
        self.objects, self.helpers, self.last = [], {"__builtins__": builtins}, ((), {})
        random.seed(seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed % 2**32)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)

    def call(self, name, args, kwargs, kept=False):
        function = self.find(name)
        self.last = (args, kwargs)
        value = function(*args, **kwargs)
        return Kept(value) if kept else value

    def get(self, name):
        return self.find(name)

    def build(self, path, args, kwargs, state=None):
        module, _, names = path.partition(":")
        constructor = importlib.import_module(module)
        for name in names.split("."):
            constructor = getattr(constructor, name)
        built = constructor(*args, **kwargs)
        if state is not None:
            built.load_state_dict(state)
        return built

    def state(self, thing):
        return {str(name): value for name, value in thing.state_dict().items()}

    def method(self, thing, name, args, kwargs):
        return getattr(thing, name)(*args, **kwargs)

    def attribute(self, thing, name):
        return getattr(thing, name)

    def define(self, source):
        exec(compile(source, "<check>", "exec"), self.helpers)

    def helper(self, name):
        if name not in self.helpers:
            raise Missing(name)
        return Kept(self.helpers[name])

    def arguments(self):
        return self.last


def install(shell):
    """Answer requests on a kernel's shell channel, apart from the running of cells."""
    kernel, agent = shell.kernel, Agent(shell.user_ns)

    def handle(stream, ident, parent):
        reply = {"reply": agent.answer(parent["content"]["request"])}
        kernel.session.send(stream, "featherweight_reply", reply, parent, ident=ident)

    kernel.shell_handlers["featherweight_request"] = handle
