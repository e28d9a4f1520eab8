"""Find in the source of answers what an assignment forbids, and what looks like an attack.

Everything found is for the instructor to look at; nothing is scored. Names are followed through
imports, assignments, `getattr`, `importlib` and `sys.modules`, and a forbidden name in a text is
found as well. Who wants to hide a name (`"pru" + chr(110) + "e"`) can: a flag is a reason to look,
its absence is no proof.
"""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from autograder.rebuild import is_answer, mark_id

MAX_SOURCE = 200_000
HARMLESS_MAGIC = re.compile(
    r"^([ \t]*)%(%(time|timeit|capture)|matplotlib|config|load_ext|autoreload)\b.*$", re.MULTILINE
)
BUILTINS = ("__builtins__", "__import__", "compile", "eval", "exec", "get_ipython")
FOLLOWED = ("getattr", "setattr", "vars")
SUSPICIOUS = (
    "__builtins__",
    "atexit",
    "autograder",
    "builtins",
    "compile",
    "ctypes",
    "eval",
    "exec",
    "gc.get_objects",
    "gc.get_referents",
    "gc.get_referrers",
    "get_ipython",
    "inspect.currentframe",
    "inspect.stack",
    "IPython.get_ipython",
    "nbgrader",
    "os._exit",
    "os.fork",
    "os.kill",
    "os.killpg",
    "os.popen",
    "os.system",
    "signal",
    "socket",
    "subprocess",
    "sys._current_frames",
    "sys._getframe",
    "sys.setprofile",
    "sys.settrace",
)
SUSPICIOUS_ATTRIBUTES = ("__globals__", "__subclasses__", "f_back", "f_globals", "tb_frame")
SUSPICIOUS_TEXTS = ("/proc/", "gradebook", "autograder", "nbgrader", "HIDDEN TESTS")
MODULE_READERS = ("__import__", "importlib.import_module", "importlib.util.find_spec")
Rules = dict[str, str]


def flags(
    notebook: NotebookNode, forbidden: Iterable[str] = (), unavailable: Iterable[str] = ()
) -> list[dict]:
    """What stands in answers and added cells that the instructor should see; never an exception.

    Each is `{"kind": "forbidden" | "unavailable" | "suspicious", "cell": grade id, "what": text}`.
    """
    rules = dict.fromkeys(SUSPICIOUS, "suspicious")
    rules |= dict.fromkeys(unavailable, "unavailable") | dict.fromkeys(forbidden, "forbidden")
    aliases = {name: name for name in (*BUILTINS, *FOLLOWED)}
    trees = [tree_of(cell) for cell in notebook.cells]
    for tree in trees:
        with contextlib.suppress(RecursionError):  # `said` tells of it
            learn(tree, aliases)
    found: list[dict] = []
    for cell, tree in zip(notebook.cells, trees, strict=True):
        if is_students(cell):
            name = mark_id(cell) or str(cell.get("id", ""))
            found += [{"kind": k, "cell": name, "what": w} for k, w in said(tree, aliases, rules)]
    return found


def is_students(cell: NotebookNode) -> bool:
    """Whether a cell of a rebuilt notebook holds code of the student's."""
    added = not mark_id(cell) and "added" in cell.metadata.get("tags", [])
    return cell.cell_type == "code" and (is_answer(cell) or added)


class Unread(ast.AST):
    """Stands for a cell that was not searched, with the reason."""

    def __init__(self, reason: str):
        super().__init__()
        self.reason = reason


def tree_of(cell: NotebookNode) -> ast.AST:
    """The syntax tree of a code cell; an empty one for a cell that cannot run anyway."""
    if cell.cell_type != "code":
        return ast.Module([], [])
    if len(cell.source) > MAX_SOURCE:
        return Unread(f"is {len(cell.source) / 10**6:.1f} MB long and was not searched")
    try:
        return parsed(cell.source)
    except (SyntaxError, ValueError):
        return plain_tree(cell.source)
    except (RecursionError, MemoryError):
        return Unread("is nested too deep to be searched")


def parsed(text: str) -> ast.AST:
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(text)


def plain_tree(text: str) -> ast.AST:
    """The tree of a cell with IPython's magics, or an empty one if it is no code at all."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        text = HARMLESS_MAGIC.sub(r"\1pass", text)
        with warnings.catch_warnings(action="ignore"):
            return parsed(TransformerManager().transform_cell(text))
    except (RecursionError, MemoryError):
        return Unread("is nested too deep to be searched")
    except Exception:  # whatever IPython cannot read, it cannot run
        return ast.Module([], [])


# ---------------------------------------------------------------- following names


def learn(tree: ast.AST, aliases: dict[str, str]) -> None:
    """Note which names stand for which modules, or for what is inside them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                top = name.name.split(".")[0]
                aliases[name.asname or top] = name.name if name.asname else top
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                aliases[name.asname or name.name] = f"{node.module or ''}.{name.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value:
            path = path_of(node.value, aliases)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if path and isinstance(target, ast.Name):
                    aliases[target.id] = path


def path_of(node: ast.AST, aliases: dict[str, str]) -> str:
    """The dotted name that an expression stands for, empty if it stands for none."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, "")
    if isinstance(node, ast.Attribute):
        return joined(path_of(node.value, aliases), node.attr)
    if isinstance(node, ast.Subscript):
        return path_of_entry(node, aliases)
    if isinstance(node, ast.Call):
        return path_of_call(node, aliases)
    return ""


def path_of_entry(node: ast.Subscript, aliases: dict[str, str]) -> str:
    """`sys.modules["a.b"]`, `vars(a)["b"]` and `a.__dict__["b"]` stand for `a.b`."""
    owner, key = path_of(node.value, aliases), text_of(node.slice)
    if owner == "sys.modules":
        return key
    return joined(owner.removesuffix(".__dict__"), key) if owner.endswith(".__dict__") else ""


def path_of_call(node: ast.Call, aliases: dict[str, str]) -> str:
    """`import_module("a.b")`, `getattr(a, "b")` and `vars(a)` stand for a name as well."""
    function, texts = path_of(node.func, aliases), [text_of(argument) for argument in node.args]
    if function in MODULE_READERS and texts:
        package = texts[1] if texts[0].startswith(".") and len(texts) > 1 else ""
        return joined(package, texts[0].lstrip(".")) if package else texts[0]
    if function == "getattr" and len(texts) > 1:
        return joined(path_of(node.args[0], aliases), texts[1])
    if function == "vars" and texts:
        return joined(path_of(node.args[0], aliases), "__dict__")
    return ""


def joined(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner and name else ""


def text_of(node: ast.AST) -> str:
    """A text that stands in the source, in one piece or added up."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    return text_of(node.value) if isinstance(node, ast.FormattedValue) else ""


# ---------------------------------------------------------------- what is said of them


def said(tree: ast.AST, aliases: dict[str, str], rules: Rules) -> Iterator[tuple[str, str]]:
    """Kind and sentence of everything in one cell, each once, with its lines."""
    if isinstance(tree, Unread):
        yield "suspicious", tree.reason
        return
    lines: dict[tuple[str, str], set[int]] = {}
    try:
        for line, kind, what in sightings(tree, aliases, rules):
            lines.setdefault((kind, what), set()).add(line)
    except RecursionError:
        yield "suspicious", "is nested too deep to be searched"
    for (kind, what), at in lines.items():
        numbers = ", ".join(map(str, sorted(at)[:5]))
        yield kind, f"{what} (line{'s' if len(at) > 1 else ''} {numbers})"


def sightings(
    tree: ast.AST, aliases: dict[str, str], rules: Rules
) -> Iterator[tuple[int, str, str]]:
    """Line, kind and words of every use, as often as it is there."""
    prose = docstrings(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        for path in names_used(node, aliases):
            for name in beginnings(path):
                if name in rules:
                    yield line, rules[name], f"uses {name}"
        if isinstance(node, ast.Attribute) and node.attr in SUSPICIOUS_ATTRIBUTES:
            yield line, "suspicious", f"uses {node.attr}"
        if isinstance(node, ast.Assign | ast.Call) and (path := replaced(node, aliases)):
            yield line, "suspicious", f"replaces {path}"
        if (text := text_of(node)) and node not in prose:
            for kind, name in texts_named(text, rules):
                yield line, kind, f"has {name} in a text"


def names_used(node: ast.AST, aliases: dict[str, str]) -> list[str]:
    """The dotted names that a node imports or reads."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module or ''}.{name.name}".removesuffix(".*") for name in node.names]
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        path = path_of(node, aliases)
        return [path] if path else []
    return []


def beginnings(path: str) -> list[str]:
    """`a`, `a.b` and `a.b.c` of `a.b.c`."""
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def replaced(node: ast.Assign | ast.Call, aliases: dict[str, str]) -> str:
    """What a statement puts in place of a module's function; a plain setting is none."""
    value: ast.AST
    if isinstance(node, ast.Assign):
        target = next((t for t in node.targets if isinstance(t, ast.Attribute)), None)
        path, value = path_of(target, aliases) if target else "", node.value
    elif path_of(node.func, aliases) == "setattr" and len(node.args) == 3:
        owner, name, value = node.args
        path = joined(path_of(owner, aliases), text_of(name))
    else:
        return ""
    return "" if isinstance(value, ast.Constant) else path


def texts_named(text: str, rules: Rules) -> Iterator[tuple[str, str]]:
    """Forbidden names, and the grader's own, inside a text."""
    for name, kind in rules.items():
        if "." in name and name in text:
            yield kind, name
    for word in SUSPICIOUS_TEXTS:
        if word in text:
            yield "suspicious", word


def docstrings(tree: ast.AST) -> set[ast.AST]:
    """Texts that stand alone as statements: they describe, they do nothing."""
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.Expr))
    return {node.value for node in statements if isinstance(node.value, ast.Constant)}
