"""Find answers that are alike beyond what the assignment gave: winnowing, as MOSS does it.

Schleimer, Wilkerson and Aiken (SIGMOD 2003): a text is a run of tokens, each `GRAM` tokens in a row
are hashed, and of each `WINDOW` hashes in a row the smallest is kept. Two answers that share
`GRAM + WINDOW - 1` tokens in a row then share a kept hash, and nothing shorter than `GRAM` counts.

Names, numbers and strings are one kind of token each, so renaming them changes nothing; comments,
docstrings and layout are dropped. Each function and class is a text of its own, so their order does
not matter. What the released notebook holds, and what many students share, counts for nobody.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from keyword import iskeyword
from typing import NamedTuple

GRAM = 12
WINDOW = 6
ENOUGH = 10  # fingerprints of an answer, below which likeness says nothing
COMMON_SHARE, COMMON_LEAST = 0.1, 10

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[rRbBuUfFtT]{0,2}(?:'''(?s:\\.|.)*?(?:'''|\Z)|\"{3}(?s:\\.|.)*?(?:\"{3}|\Z)
        |'(?:\\(?s:.)|[^'\\\n])*(?:'|$)|"(?:\\(?s:.)|[^"\\\n])*(?:"|$)))
    |(?P<number>(?:\d|\.\d)(?:[eE][+-]\d|[\w.])*)
    |(?P<name>\w+)
    |(?P<line>\\\n|\n)
    |(?P<blank>[^\S\n]+)
    |(?P<sign>\*\*=|//=|>>=|<<=|\.\.\.|->|:=|[-+*/%&|^@=!<>]=|\*\*|//|<<|>>|.)""",
    re.VERBOSE | re.MULTILINE,
)
UNIT_STARTS = ("def", "class", "async", "@")


class Token(NamedTuple):
    """A normalized token and where it stands in the source."""

    text: str
    start: int
    end: int


class Print(NamedTuple):
    """A kept hash of `GRAM` tokens, and where they stand in the source."""

    value: int
    start: int
    end: int


# ------------------------------------------------------------------ from a source to its tokens


def units(source: str) -> list[list[Token]]:
    """The tokens of each function or class, and of what stands between them."""
    found: list[list[Token]] = [[]]
    for line in logical_lines(source):
        decorated = found[-1] and found[-1][0].text == "@" and not has_body(found[-1])
        if line[0].text in UNIT_STARTS and not decorated:
            found.append([])
        if not is_docstring(line):
            found[-1] += line
    return [unit for unit in map(tidied, found) if unit]


def has_body(unit: list[Token]) -> bool:
    return any(token.text in ("def", "class") for token in unit)


def is_docstring(line: list[Token]) -> bool:
    return all(token.text == "S" for token in line)


def tidied(tokens: list[Token]) -> list[Token]:
    """Without what a formatter adds or removes: a comma before a closing bracket, a semicolon."""
    following = [*(token.text for token in tokens[1:]), ""]
    pairs = zip(tokens, following, strict=False)
    return [
        t for t, after in pairs if t.text != ";" and not (t.text == "," and after in tuple(")]}"))
    ]


def logical_lines(source: str) -> Iterator[list[Token]]:
    """The normalized tokens of each statement; a line that a bracket holds open goes on."""
    line: list[Token] = []
    depth = 0
    for found in TOKEN.finditer(source):
        kind = found.lastgroup
        if kind == "line" and not depth and found.group() == "\n" and line:
            yield line
            line = []
        if kind in ("comment", "line", "blank"):
            continue
        text = normalized(kind, found.group())
        depth = max(0, depth + (text in tuple("([{")) - (text in tuple(")]}")))
        line.append(Token(text, found.start(), found.end()))
    if line:
        yield line


def normalized(kind: str | None, text: str) -> str:
    if kind == "name" and not iskeyword(text):
        return "N"
    return {"string": "S", "number": "D"}.get(kind or "", text)


# ------------------------------------------------------------------ from tokens to fingerprints


def grams(tokens: list[Token]) -> list[Print]:
    """The hash of every `GRAM` tokens in a row."""
    texts = [token.text for token in tokens]
    found = []
    for i in range(len(tokens) - GRAM + 1):
        run = "\0".join(texts[i : i + GRAM]).encode()
        value = int.from_bytes(hashlib.blake2b(run, digest_size=8).digest())
        found.append(Print(value, tokens[i].start, tokens[i + GRAM - 1].end))
    return found


def winnowed(hashes: list[Print]) -> list[Print]:
    """Of each `WINDOW` hashes in a row the smallest, the last of several; all are looked at."""
    kept: list[Print] = []
    last = -1
    for i in range(max(1, len(hashes) - WINDOW + 1) if hashes else 0):
        window = range(i, min(i + WINDOW, len(hashes)))
        best = min(window, key=lambda j: (hashes[j].value, -j))
        if best != last:
            kept.append(hashes[best])
            last = best
    return kept


class Given:
    """What the released notebook holds, so that it counts for nobody."""

    def __init__(self, stubs: Mapping[str, str], cells: Iterable[str] = ()):
        self.hashes: set[int] = set()
        self.beginnings: list[list[str]] = []
        for source in [*stubs.values(), *cells]:
            for unit in units(source):
                self.hashes.update(found.value for found in grams(unit))
                self.beginnings.append([token.text for token in unit])

    def own(self, unit: list[Token]) -> list[Token]:
        """What follows the longest beginning that the unit shares with given code."""
        texts = [token.text for token in unit]
        return unit[max((shared_length(texts, given) for given in self.beginnings), default=0) :]

    def fingerprints(self, source: str) -> list[Print]:
        """The kept hashes of a source without those of given code."""
        kept = (found for unit in units(source) for found in winnowed(grams(self.own(unit))))
        return [found for found in kept if found.value not in self.hashes]

    def all_grams(self, source: str) -> list[Print]:
        """Every hash of a source without those of given code, to show what is the same."""
        every = (found for unit in units(source) for found in grams(self.own(unit)))
        return [found for found in every if found.value not in self.hashes]


def shared_length(one: list[str], other: list[str]) -> int:
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return i
    return min(len(one), len(other))


# ------------------------------------------------------------------ from fingerprints to pairs


@dataclass(frozen=True)
class Pair:
    """Two students: how much of the shorter work is in the other, in all and answer by answer."""

    first: str
    second: str
    score: float
    shared: int
    answers: dict[str, float]

    @property
    def highest(self) -> tuple[float, str]:
        """The likeness of the likest answer, and its name; empty where no answer is long."""
        return max(((score, name) for name, score in self.answers.items()), default=(0.0, ""))

    def rank(self) -> tuple:
        return -self.score, -self.highest[0], -self.shared, self.first, self.second


@dataclass
class Comparison:
    """The fingerprints of a class, added one student at a time."""

    given: Given
    prints: dict[str, dict[str, frozenset[int]]] = field(default_factory=dict)

    def add(self, student: str, answers: Mapping[str, str]) -> None:
        """Remember the fingerprints of a student's answers, by the name of each."""
        found = {name: self.given.fingerprints(text) for name, text in answers.items()}
        self.prints[student] = {
            name: frozenset(kept.value for kept in prints) for name, prints in found.items()
        }

    def common(self) -> set[int]:
        """The fingerprints that so many students have that they tell nothing."""
        counts = Counter(value for student in self.prints for value in self.whole(student))
        return {value for value, count in counts.items() if count > self.most()}

    def most(self) -> int:
        """How many students may share a run of code that still counts."""
        return max(COMMON_LEAST, int(COMMON_SHARE * len(self.prints)))

    def whole(self, student: str) -> frozenset[int]:
        return frozenset().union(*self.prints[student].values())

    def too_short(self) -> list[str]:
        """The students whose own code is too short to compare."""
        common = self.common()
        return [s for s in self.prints if len(self.whole(s) - common) < ENOUGH]

    def pairs(self, least: float = 0.0) -> list[Pair]:
        """Every pair that shares enough, those alike as a whole first; `least` drops the others."""
        common = self.common()
        rare = {s: {n: p - common for n, p in by.items()} for s, by in self.prints.items()}
        whole = {student: frozenset().union(*by.values()) for student, by in rare.items()}
        found = (
            compared(first, second, rare, whole)
            for (first, second), shared in counted(whole).items()
            if shared >= ENOUGH
        )
        alike = [pair for pair in found if max(pair.score, pair.highest[0]) >= least]
        return sorted(alike, key=Pair.rank)


def counted(whole: Mapping[str, frozenset[int]]) -> Counter[tuple[str, str]]:
    """How many fingerprints each pair shares, through an index from fingerprints to students."""
    index: dict[int, list[str]] = defaultdict(list)
    for student in sorted(whole):
        for value in whole[student]:
            index[value].append(student)
    counts: Counter[tuple[str, str]] = Counter()
    for students in index.values():
        counts.update(combinations(students, 2))
    return counts


def compared(
    first: str,
    second: str,
    rare: Mapping[str, Mapping[str, frozenset[int]]],
    whole: Mapping[str, frozenset[int]],
) -> Pair:
    answers = {
        name: likeness(prints, rare[second][name])
        for name, prints in rare[first].items()
        if min(len(prints), len(rare[second].get(name, ()))) >= ENOUGH
    }
    shared = len(whole[first] & whole[second])
    return Pair(first, second, likeness(whole[first], whole[second]), shared, answers)


def likeness(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of the shorter one's fingerprints that the other has too."""
    shorter = min(len(one), len(other))
    return len(one & other) / shorter if shorter else 0.0


def alike(one: str, other: str, given: Given | None = None) -> float:
    """The likeness of two sources; 0 if one has no code of its own."""
    given = given or Given({})
    prints = [frozenset(p.value for p in given.fingerprints(text)) for text in (one, other)]
    return likeness(*prints)


def linked(pairs: Iterable[Pair], least: float) -> tuple[list[list[str]], list[Pair]]:
    """Groups of three and more whom pairs of at least this likeness in all link to one another.

    And the pairs, the likest first, without those that add nothing: two of a group who are already
    linked through others.
    """
    groups: dict[str, list[str]] = {}
    kept = []
    for pair in pairs:
        one, other = (groups.setdefault(s, [s]) for s in (pair.first, pair.second))
        if pair.score >= least and one is not other:
            one += other
            groups.update(dict.fromkeys(other, one))
        elif one is other:
            continue
        kept.append(pair)
    distinct = {id(group): sorted(group) for group in groups.values() if len(group) > 2}
    return sorted(distinct.values(), key=lambda group: (-len(group), group)), kept
