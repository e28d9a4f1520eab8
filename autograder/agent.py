"""The small program that answers the grader's requests inside the student's process.

Its source is sent to the student's kernel as text, so it imports nothing of this package. The
grader's side imports it too, for `encode` and `decode`: what crosses is JSON and safetensors only.
"""

import base64
import builtins
import contextlib
import functools
import importlib
import json
import math
import random
import sys
import traceback

MAX_DEPTH = 40
MAX_BYTES = 64 * 10**6
MAX_VALUES = 250_000
MAX_BITS = 10_000
MAX_KEYS = 10_000
MAX_TEXT = 2000


class NotPlain(TypeError):
    """A value that is no plain data, where only plain data may cross."""


class TooLarge(ValueError):
    """A value of more bytes than one answer may carry."""


class Budget:
    """The bytes and the values that one message may still carry."""

    def __init__(self, size=MAX_BYTES, values=MAX_VALUES):
        self.left, self.values = size, values

    def spend(self, size):
        self.left -= size
        self.values -= 1
        if self.left < 0:
            raise TooLarge(f"the value is larger than {MAX_BYTES // 10**6} MB")
        if self.values < 0:
            raise TooLarge(f"the value has more than {MAX_VALUES} values: a tensor holds more")


def encode(value, keep, budget=None, depth=0):
    """Plain data as JSON values; `keep(object)` gives number and type of what stays behind.

    A subclass of a plain type crosses as the plain type, by that type's own methods: what an
    object says about itself (`__class__`, `__eq__`, `__len__`, ...) is not asked.
    """
    budget = budget or Budget()
    if depth > MAX_DEPTH:
        raise TooLarge(f"the value is nested more than {MAX_DEPTH} levels deep")
    kind = type(value)
    if value is None or kind is bool:
        budget.spend(8)
        return value
    if issubclass(kind, (str, int, float)):
        return encode_scalar(value, kind, budget)
    if issubclass(kind, (list, tuple)):
        budget.spend(8)
        plain = list if issubclass(kind, list) else tuple
        items = [encode(v, keep, budget, depth + 1) for v in plain.__iter__(value)]
        return {plain.__name__: items}
    if issubclass(kind, dict) and all(is_key(key) for key in dict.keys(value)):
        if dict.__len__(value) > MAX_KEYS:
            raise TooLarge(f"a dict has more than {MAX_KEYS} keys")
        budget.spend(8)
        pairs = [[encode(each, keep, budget, depth + 1) for each in p] for p in dict.items(value)]
        return {"dict": pairs}
    array = encode_array(value, kind, budget)
    return {"handle": keep(value)} if array is None else array


def encode_scalar(value, kind, budget):
    """A text or a number without what its class made of it."""
    if issubclass(kind, str):
        budget.spend(8 + str.__len__(value))
        return str.__str__(value)
    budget.spend(8)
    if issubclass(kind, int):
        if int.bit_length(value) > MAX_BITS:
            raise TooLarge(f"a whole number has more than {MAX_BITS} bits")
        return int.__index__(value)
    value = float.__float__(value)
    return value if math.isfinite(value) else {"float": repr(value)}


def is_key(key):
    """Whether a key of a dict is plain: text, a number, None, or a tuple of those."""
    if issubclass(type(key), tuple):
        return all(is_key(part) for part in tuple.__iter__(key))
    return key is None or issubclass(type(key), (str, int, float))


def encode_array(value, kind, budget):
    """Tensors, arrays, their scalars, dtypes and generators; None for anything else."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy and issubclass(kind, (numpy.ndarray, numpy.generic)):
        return encode_numpy(numpy, value, budget)
    if torch and kind is torch.dtype:
        budget.spend(8)
        return {"dtype": str(value).removeprefix("torch.")}
    if torch and issubclass(kind, torch.Generator):
        return {"generator": pack_tensor(torch.Generator.get_state(value), budget)}
    if torch and issubclass(kind, torch.Tensor):
        with torch._C.DisableTorchFunctionSubclass():
            plain = torch.Tensor.as_subclass(value, torch.Tensor)
            if is_dense(torch, plain):
                data = pack_tensor(plain.detach(), budget)
                return {"tensor": data, "grad": plain.requires_grad}
    return None


def encode_numpy(numpy, value, budget):
    """An array of numbers or truth values; one of NumPy's scalars as Python's."""
    array = numpy.asarray(value)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        return None
    if not isinstance(value, numpy.ndarray):
        return encode(array.item(), None, budget)
    budget.spend(array.nbytes)
    from safetensors.numpy import save

    native = array.astype(array.dtype.newbyteorder("="))
    return {"array": text_of(save({"value": numpy.ascontiguousarray(native).reshape(array.shape)}))}


def is_dense(torch, value):
    ordinary = value.layout is torch.strided and not value.is_nested and not value.is_quantized
    return ordinary and not value.is_complex() and value.device.type != "meta"


def pack_tensor(tensor, budget):
    budget.spend(tensor.numel() * tensor.element_size())
    from safetensors.torch import save

    return text_of(save({"value": tensor.cpu().resolve_neg().contiguous()}))


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
        return decode_dict(body, resolve, grads, depth)
    if tag == "handle":
        return resolve(int(body[0]), str(body[1])[:200])
    return decode_array(tag, body, grads and data.get("grad") is True)


def decode_dict(pairs, resolve, grads, depth):
    """A dict whose keys are plain, different, and not made to collide."""
    if len(pairs) > MAX_KEYS:
        raise TooLarge(f"a dict has more than {MAX_KEYS} keys")
    found = {key_of(key): decode(item, resolve, grads, depth + 1) for key, item in pairs}
    if len(found) != len(pairs):
        raise NotPlain("a dict with equal keys")
    return found


def key_of(data):
    """The key of a dict from JSON data; a handle, a tensor or a huge number is none."""
    key = decode(data, None)
    if not is_key(key) or (isinstance(key, int) and abs(key) >= 2**60):
        raise NotPlain("a key that is no plain data")
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
    """The name of an object's type, which the object cannot choose."""
    kind = type(value)
    name = str(type.__dict__["__qualname__"].__get__(kind))[:100]
    module = kind.__dict__.get("__module__", "")
    plain = not isinstance(module, str) or module in ("builtins", "__main__")
    return name if plain else f"{module[:100]}.{name}"


def error_text(error):
    """The message of an exception, bounded, whatever its `__str__` does."""
    try:
        return str.__str__(str(error))[:MAX_TEXT]
    except BaseException as broken:
        return f"(its message raised {type(broken).__name__})"


def student_line(error):
    """The line of the student's own cell where an exception arose, or an empty string."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "ipykernel_" in frame.filename:
            return (frame.line or "").strip()[:200]
    return ""


def kind_of(error):
    """What an exception means: its real class counts, not what it says of itself."""
    kind = type(error)
    if issubclass(kind, KeyboardInterrupt):
        return "interrupted"
    if issubclass(kind, (NotPlain, TooLarge)):
        return "unusable"
    return "missing" if issubclass(kind, Missing) else "raised"


def counting(function, calls):
    """A function that does the same, and adds an entry to `calls` each time."""

    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(counting(function.__func__, calls))

    @functools.wraps(function)
    def counted(*args, **kwargs):
        calls.append(None)
        return function(*args, **kwargs)

    return counted


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
            return json.dumps({"value": self.encoded(value)}, allow_nan=False)
        except BaseException as error:
            return json.dumps({"error": self.described(error)})

    def described(self, error):
        """What is said of an exception, whatever its class does to hide it."""
        try:
            kind, message, line = kind_of(error), error_text(error), student_line(error)
            name = type.__dict__["__name__"].__get__(type(error))
            return {"kind": kind, "type": str(name), "message": message, "line": line}
        except BaseException:
            return {"kind": "raised", "type": "an exception that cannot be read"}

    def encoded(self, value):
        try:
            return encode(value, self.keep)
        except (NotPlain, TooLarge):
            raise
        except Exception as error:
            raise NotPlain(f"a {type_name(value)} that cannot be read") from error

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
        self.seed(seed)

    def seed(self, seed):
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

    def gradient(self, name, args, kwargs, wrt):
        """The gradients of a call's result: for each of `wrt` a tensor, or a dict for an object."""
        import torch

        leaves = [self.leaves(place, args, kwargs) for place in wrt]
        flat = [leaf for group in leaves for leaf in group.values()]
        with torch.enable_grad():
            value = self.call(name, args, kwargs)
            single = isinstance(value, torch.Tensor) and value.numel() == 1
            if not single or not value.requires_grad:
                raise NotPlain("it is no single number that torch can differentiate")
            found = torch.autograd.grad(value, flat, allow_unused=True, materialize_grads=True)
        found = iter(found)
        groups = [{name: next(found) for name in group} for group in leaves]
        return [group[""] if list(group) == [""] else group for group in groups]

    def leaves(self, place, args, kwargs):
        """The tensors that a gradient is asked for, by name; "" for an argument itself."""
        if type(place) is int:
            return {"": args[place].requires_grad_(True)}
        if type(place) is str:
            return {"": kwargs[place].requires_grad_(True)}
        return {name: p for name, p in place.named_parameters() if p.requires_grad}

    def count_calls(self, name, args, kwargs, target):
        """A call's result, and how often the target was called meanwhile."""
        calls = []
        if isinstance(target, str):
            with self.counted(target, calls):
                return self.call(name, args, kwargs), len(calls)
        stand_in = counting(target, calls)
        args = tuple(stand_in if value is target else value for value in args)
        kwargs = {key: stand_in if value is target else value for key, value in kwargs.items()}
        return self.call(name, args, kwargs), len(calls)

    @contextlib.contextmanager
    def counted(self, target, calls):
        """Count a function's calls in the block, under all its names that students see."""
        owner, attribute = self.place(target)
        there = self.namespace if owner is None else vars(owner)
        own = attribute in there
        original = there[attribute] if own else getattr(owner, attribute)
        aliases = [name for name, value in self.namespace.items() if value is original]
        self.namespace.update(dict.fromkeys(aliases, counting(original, calls)))
        try:
            if owner is not None:
                setattr(owner, attribute, counting(original, calls))
            yield
        finally:
            self.namespace.update(dict.fromkeys(aliases, original))
            if owner is not None and own:
                setattr(owner, attribute, original)
            elif owner is not None:
                delattr(owner, attribute)

    def place(self, target):
        """The module or class in which a function stands (None: the student's names), its name."""
        module, colon, names = target.rpartition(":")
        *outer, last = names.split(".")
        owner = importlib.import_module(module) if colon else None
        for name in outer:
            owner = self.find(name) if owner is None else getattr(owner, name)
        if owner is None:
            self.find(last)
        return owner, last

    def build(self, path, args, kwargs, state=None):
        owner, name = self.place(path)
        built = getattr(owner, name)(*args, **kwargs)
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
    show_long_tracebacks_shortly(shell)


def show_long_tracebacks_shortly(shell):
    """Leave out the middle of a long traceback: IPython takes minutes for a recursion's frames."""
    written = shell.InteractiveTB.structured_traceback

    def structured_traceback(etype=None, error=None, tb=None, *args, **options):
        shorten(tb)
        for one in chain_of(error):
            shorten(one.__traceback__)
        return written(etype, error, tb, *args, **options)

    shell.InteractiveTB.structured_traceback = structured_traceback


def chain_of(error, longest=10):
    """An exception and those in whose handling it arose."""
    found = []
    while isinstance(error, BaseException) and len(found) < longest:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def shorten(tb, first=10, last=20):
    """Cut the frames of a traceback between the first and the last ones."""
    frames = [tb] if tb is not None else []
    while frames and frames[-1].tb_next is not None:
        frames.append(frames[-1].tb_next)
    if len(frames) > first + last:
        frames[first - 1].tb_next = frames[-last]
