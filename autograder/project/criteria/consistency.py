"""Whether what a report says of compression can all be true at once.

Each check looks at the printed tables, at the results file, and at sentences with numbers in them,
and knows nothing of the experiment. What it cannot see it leaves to the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograder.project.criteria.evidence import has_own_results, own_tables
from autograder.project.document import Section
from autograder.project.printed import (
    Number,
    in_bytes,
    in_milliseconds,
    numbers_in,
    stems,
    with_units,
)
from autograder.project.rubric import Marks, Report, judges_criterion
from autograder.project.sources import Place

BITS = re.compile(r"\b(?:(\d{1,2})\s*-?\s*bits?\b|(?:int|fp|float|uint|w)\s?-?(\d{1,2})\b)", re.I)
PRUNED = re.compile(r"prun|spars", re.I)
STRUCTURED = re.compile(r"(?<!un)structured|filter|channel|neuron|layer|slim|head", re.I)
CODED = re.compile(r"huffman|entropy|gzip|zip|cod(?:ed|ing)|deep compression", re.I)
NOT_PRUNED = re.compile(r"quant|\bqat\b|bits?\b|int\d|distil|student|teacher|base", re.I)
TUNED = re.compile(r"fine-?\s?tun|retrain", re.I)
SHARE = re.compile(r"(?<![\d.])(0?\.\d+|\d{1,2}(?:\.\d+)?\s*\\?%)")
PRUNED_BY = re.compile(
    r"(?:prun\w*|sparsity|remov\w*)[^.]{0,40}?(?:ratio|rate|level|sparsity|of|to|by|at)\s*(?:of\s*)?"
    r"[=:]?\s*(0?\.\d+|\d{1,2}(?:\.\d+)?\s*%)",
    re.I,
)
FREE_BITS = 8
"""From here on, rounding the weights of a trained network costs next to nothing."""
FREE_POINTS = 2.0
SLACK = 0.03


@dataclass
class Model:
    """What a report says of one method, gathered from its tables, in bytes, ms and percent."""

    name: str
    place: Place
    accuracy: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    ratio: list[tuple[float, int, Place]] = field(default_factory=list)
    sparsity: list[float] = field(default_factory=list)
    parameters: list[float] = field(default_factory=list)
    nonzero: list[float] = field(default_factory=list)
    bits: float = 0.0

    def size(self) -> float:
        return self.bytes[0] if self.bytes else 0.0


@dataclass
class Story:
    """A report's methods, its baseline among them, and its sentences."""

    report: Report
    models: dict[str, Model] = field(default_factory=dict)
    base: Model | None = None
    sentences: list[tuple[str, Place, str]] = field(default_factory=list)

    def others(self) -> list[Model]:
        return [model for model in self.models.values() if model is not self.base]

    def known(self, metric: str) -> list[float]:
        """Every value that the tables or the results file give for a metric."""
        found = [v for model in self.models.values() for v in getattr(model, metric)]
        results = self.report.results
        factor = 100.0 if metric == "accuracy" else 1.0
        for method in results.methods():
            values = results.values(method, metric)
            mean = results.mean(method, metric)
            found += [
                v * (factor if metric == "accuracy" and abs(v) <= 1 else 1.0)
                for v in [*values, *([mean] if mean is not None else [])]
            ]
        return found


@judges_criterion("consistency")
def consistency(report: Report, marks: Marks) -> None:
    """Bytes, ratios, sparsity and the sentences about them agree with each other."""
    if not own_tables(report):
        marks.nothing("no table of your own gives results")
        return
    story = told(report)
    for check in CHECKS:
        for text, place in check(story):
            marks.fault(text, place)
    for text, place in surprises(story):
        marks.note(text, place)
    if not has_own_results(report):
        marks.fault("without a results file little of this can be checked")


# ------------------------------------------------------------------ gathering


def told(report: Report) -> Story:
    story = Story(report)
    for table in own_tables(report):
        for entry in table.entries:
            name = " ".join(sorted(stems(entry.method))) or entry.method.lower()
            model = story.models.setdefault(name, Model(entry.method, entry.place))
            values = list(with_units(entry))
            if entry.metric in ("accuracy", "bytes", "time", "parameters", "nonzero"):
                getattr(model, entry.metric).extend(v for v in values if v)
            elif entry.metric == "sparsity":
                model.sparsity += [v / 100 for v in values if v]
            elif entry.metric == "density":
                model.sparsity += [1 - v / 100 for v in values if v < 100]
            elif entry.metric == "ratio":
                model.ratio += [(n.value, n.decimals, entry.place) for n in entry.numbers[:1]]
            elif entry.metric == "bits" and values:
                model.bits = values[0]
    for model in story.models.values():
        model.bits = model.bits or bits_in(model.name)
    story.base = baseline(story)
    story.sentences = list(sentences(report))
    add_results(story)
    for model in story.models.values():
        if not model.sparsity and PRUNED.search(model.name):
            model.sparsity = share_in(model.name) or stated_sparsity(story)
    return story


def add_results(story: Story) -> None:
    """What the results file knows beyond the tables."""
    results = story.report.results
    for table in own_tables(story.report):
        for entry in table.entries:
            if entry.matched is None:
                continue
            model = story.models[" ".join(sorted(stems(entry.method))) or entry.method.lower()]
            for metric in ("parameters", "nonzero", "bytes"):
                mean = results.mean(entry.matched, metric)
                if mean is not None and not getattr(model, metric):
                    getattr(model, metric).append(mean)
            sparsity = results.mean(entry.matched, "sparsity")
            if sparsity and not model.sparsity:
                model.sparsity.append(sparsity / 100 if sparsity > 1 else sparsity)
            bits = results.mean(entry.matched, "bits")
            model.bits = model.bits or (bits or 0.0)


def baseline(story: Story) -> Model | None:
    from autograder.project.criteria.evidence import BASELINE

    named = [m for m in story.models.values() if BASELINE.search(m.name.replace("-", " "))]
    return next(iter([*named, *story.models.values()]), None)


def bits_in(name: str) -> float:
    found = BITS.search(name)
    return float(found[1] or found[2]) if found else 0.0


def share_in(name: str) -> list[float]:
    return [as_share(found) for found in SHARE.findall(name)[:1]]


def as_share(text: str) -> float:
    value = float(re.sub(r"[\s\\%]", "", text))
    return value / 100 if "%" in text else value


def stated_sparsity(story: Story) -> list[float]:
    """The sparsity that the text states, if it states one only."""
    found = {
        round(as_share(text), 4)
        for sentence, _, _ in story.sentences
        for text in PRUNED_BY.findall(sentence)
        if re.search(r"\b(we|our)\b.*prun|pruning with|prune\b", sentence, re.I)
    }
    return list(found) if len(found) == 1 else []


def sentences(report: Report) -> Iterator[tuple[str, Place, str]]:
    """The report's own sentences about its results, with the section's title."""
    skipped = re.compile(r"related|introduction|background|motivation|prior", re.I)
    cited = {mention.place for mention in report.document.citations}
    sections: list[tuple[str, Section]] = [(s.title, s) for s in report.document.sections]
    for title, section in sections:
        if skipped.search(title):
            continue
        for sentence, place in section.prose.sentences():
            if place not in cited:
                yield sentence, place, title


def megabytes(value: float) -> str:
    return f"{value / 1e6:.4g} MB"


# ------------------------------------------------------------------ the checks

Finding = tuple[str, Place]


def quantized_sizes(story: Story) -> Iterator[Finding]:
    """Weights of b bits take b/32 of the baseline's bytes, and a little for scales."""
    if story.base is None or not story.base.size():
        return
    for model in story.others():
        if not 0 < model.bits < 32 or not model.size() or model.sparsity:
            continue
        expected = story.base.size() * model.bits / (story.base.bits or 32)
        if model.size() < expected * (1 - SLACK) and not CODED.search(model.name):
            yield (
                f"'{model.name}' has {megabytes(model.size())}, but {model.bits:g} bits for each "
                f"weight of a model of {megabytes(story.base.size())} are {megabytes(expected)}",
                model.place,
            )


def pruned_sizes(story: Story) -> Iterator[Finding]:
    """What is kept of a model cannot take fewer bytes than its values alone."""
    if story.base is None or not story.base.size():
        return
    for model in story.others():
        if not model.size() or not model.sparsity or 0 < model.bits < 32:
            continue
        if STRUCTURED.search(model.name) or CODED.search(model.name) or is_narrower(model, story):
            continue
        least = (1 - model.sparsity[0]) * story.base.size()
        if model.size() < least * (1 - SLACK):
            yield (
                f"'{model.name}' has {megabytes(model.size())}, but the "
                f"{100 - 100 * model.sparsity[0]:.3g} % that pruning keeps of "
                f"{megabytes(story.base.size())} are {megabytes(least)} without any index",
                model.place,
            )


def is_narrower(model: Model, story: Story) -> bool:
    """Whether a model has fewer weights than the baseline, zeros included."""
    base = story.base.parameters if story.base else []
    return bool(model.parameters and base) and model.parameters[0] < 0.99 * base[0]


def kept_masks(story: Story) -> Iterator[Finding]:
    """Fine-tuning under a mask changes neither the sparsity nor the size."""
    pruned = [m for m in story.others() if PRUNED.search(m.name) and not TUNED.search(m.name)]
    for tuned in story.others():
        if not TUNED.search(tuned.name) or NOT_PRUNED.search(tuned.name):
            continue
        like = [one for one in pruned if same_pruning(one.name, tuned.name)]
        larger = [one for one in like if tuned.size() > one.size() * (1 + SLACK) > 0]
        stated = [one for one in like if one.sparsity and tuned.sparsity]
        denser = [one for one in stated if one.sparsity[0] - tuned.sparsity[0] > 0.01]
        if like and (len(larger) == len(like) or len(denser) == len(like)):
            yield (
                f"'{tuned.name}' is larger than '{like[-1].name}': pruned weights have grown "
                "back, so the mask was not enforced while it was tuned",
                tuned.place,
            )


def same_pruning(one: str, other: str) -> bool:
    """Whether two rows may be of one pruned model: the same kind, no different ratios."""
    kinds = (STRUCTURED, CODED)
    alike = all(bool(kind.search(one)) == bool(kind.search(other)) for kind in kinds)
    return alike and shared_share(one, other)


def shared_share(one: str, other: str) -> bool:
    """Whether two names do not speak of different pruning ratios."""
    first, second = share_in(one), share_in(other)
    return not first or not second or first == second


def stated_ratios(story: Story) -> Iterator[Finding]:
    """A compression ratio is the baseline's bytes over the model's."""
    if story.base is None or not story.base.size():
        return
    for model in story.models.values():
        for value, decimals, place in model.ratio:
            if not model.size() or not value:
                continue
            true = story.base.size() / model.size()
            half = 0.5 * 10.0**-decimals + 0.01 * true
            shares = (true, 1 / true, 100 / true, 100 - 100 / true, 1 - 1 / true)
            if min(abs(abs(value) - share) for share in shares) > half:
                yield (
                    f"'{model.name}' is said to be compressed {value:g} times, but "
                    f"{megabytes(story.base.size())} over {megabytes(model.size())} are {true:.3g}",
                    place,
                )


def counted_weights(story: Story) -> Iterator[Finding]:
    """Bytes, parameters, non-zeros and sparsity of one model agree."""
    base = story.base
    for model in story.models.values():
        total = model.parameters or (base.parameters if base else [])
        bits = model.bits or 32
        if model.parameters and model.size() and not model.sparsity and not model.nonzero:
            expected = model.parameters[0] * unit_of(model.parameters[0]) * bits / 8
            if abs(model.size() / expected - 1) > 0.15 and bits >= 8:
                yield (
                    f"'{model.name}' has {megabytes(model.size())}, but its parameters at "
                    f"{bits:g} bits are {megabytes(expected)}",
                    model.place,
                )
        if model.nonzero and model.sparsity and total:
            kept = model.nonzero[0] / total[0]
            if abs(1 - kept - model.sparsity[0]) > 0.02 and kept <= 1:
                yield (
                    f"'{model.name}' has a sparsity of {100 * model.sparsity[0]:.3g} %, but "
                    f"{100 * kept:.3g} % of its weights are not zero",
                    model.place,
                )
    if base is not None and base.size() and not any(m.parameters for m in story.models.values()):
        yield (
            f"nothing says how many parameters the baseline has, so its size of "
            f"{megabytes(base.size())} cannot be checked",
            base.place,
        )


def unit_of(parameters: float) -> float:
    """Parameters that are printed in millions."""
    return 1e6 if parameters < 5000 else 1.0


UNITS = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s?(?P<unit>ms|milliseconds?|seconds?|s|µs)\b")


def wrong_units(story: Story) -> Iterator[Finding]:
    """A time of the tables keeps its unit in the text."""
    known = {round(value, 6) for value in story.known("time")}
    differences = {round(abs(a - b), 6) for a in known for b in known if a != b}
    for sentence, place, _ in story.sentences:
        for match in UNITS.finditer(sentence):
            number, unit = float(match["number"]), match["unit"]
            in_ms = number * {"ms": 1, "m": 1}.get(unit[:2] if unit != "s" else "s", 1000)
            if unit.startswith("milli"):
                in_ms = number
            here = any(abs(number - value) < 1e-6 for value in known | differences)
            right = any(abs(in_ms - value) < 1e-6 for value in known | differences)
            if here and not right and number:
                yield (
                    f"the text says {match[0]}, the tables give {number:g} ms",
                    place,
                )


COMPARED = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s?(?P<unit>ms|milliseconds?|MB|KB|kB|MiB|GB|%|points?|pp)\s*"
    r"(?:\w+\s){0,2}?(?P<how>less|fewer|faster|slower|smaller|lower|higher|larger|better|worse|more)"
    r"\s+than\s+(?:the\s+|our\s+|that of the\s+)?"
    r"(?:original|base|baseline|dense|full|uncompressed)",
    re.I,
)


def wrong_differences(story: Story) -> Iterator[Finding]:
    """A difference to the baseline is the difference of two numbers of the tables."""
    base = story.base
    if base is None:
        return
    for sentence, place, _ in story.sentences:
        for match in COMPARED.finditer(sentence):
            unit, number = match["unit"], numbers_in(match["number"])[0]
            if unit == "%":
                if not is_some_share(story, number):
                    yield (f"'{match[0]}': no number of the tables differs by that much", place)
                continue
            metric = metric_for(unit)
            value = in_unit(Number(number.value, number.decimals, unit, match["number"]), metric)
            reference, others = getattr(base, metric), values_of(story.others(), metric)
            if not reference or not others:
                continue
            gaps = [abs(reference[0] - other) for other in others]
            half = 0.5 * 10.0**-number.decimals * (1e6 if metric == "bytes" else 1) * 1.001
            if min(abs(gap - value) for gap in gaps) > half or misfits(
                sentence, story, metric, value, half
            ):
                yield (f"'{match[0]}': no two numbers of the tables differ by that much", place)


def is_some_share(story: Story, number: Number) -> bool:
    """Whether some method is that many percent, or points, from the baseline in anything."""
    half = 0.5 * 10.0**-number.decimals * 1.001
    found = []
    for metric in ("accuracy", "bytes", "time", "parameters"):
        for reference in getattr(story.base, metric)[:1]:
            gaps = [abs(reference - other) for other in values_of(story.others(), metric)]
            found += [100 * gap / reference for gap in gaps if reference]
            found += gaps if metric == "accuracy" else []
    return not found or min(abs(one - number.value) for one in found) <= half


def misfits(sentence: str, story: Story, metric: str, value: float, half: float) -> bool:
    """Whether the sentence names the model's own value, and that differs by another amount."""
    base = getattr(story.base, metric)[0]
    named = [
        other
        for other in values_of(story.others(), metric)
        if any(abs(n.value - shown(other, metric)) < 1e-9 for n in numbers_in(sentence))
    ]
    return len(named) == 1 and abs(abs(base - named[0]) - value) > half


def shown(value: float, metric: str) -> float:
    return value / 1e6 if metric == "bytes" else value


def metric_for(unit: str) -> str:
    if unit in ("MB", "KB", "kB", "MiB", "GB"):
        return "bytes"
    return "time" if unit.startswith("m") and unit != "more" else "accuracy"


def in_unit(number: Number, metric: str) -> float:
    if metric == "bytes":
        return in_bytes(number, "")
    return in_milliseconds(number, "ms") if metric == "time" else number.value


def values_of(models: list[Model], metric: str) -> list[float]:
    return [value for model in models for value in getattr(model, metric)]


FROM_TO = re.compile(
    r"(?:drop|fall|decreas|declin|ris|increas|improv|grow|reduc)\w*[^.]{0,60}?from\s+"
    r"(?P<first>\d+(?:\.\d+)?)\s?%\s+to\s+(?P<second>\d+(?:\.\d+)?)\s?%",
    re.I,
)


OF_SPARSITY = re.compile(
    r"(?:sparsity|ratio|density|share|fraction|compression)\b[^.,;]{0,40}\bfrom\s+\d", re.I
)


def unsupported(story: Story) -> Iterator[Finding]:
    """Accuracies that the text moves between are somewhere in the tables or the results file."""
    known = story.known("accuracy")
    if not known:
        return
    for sentence, place, _ in story.sentences:
        for match in FROM_TO.finditer(sentence):
            if not re.search("accura", sentence, re.I) or OF_SPARSITY.search(sentence):
                continue
            for name in ("first", "second"):
                number = numbers_in(match[name])[0]
                half = 0.5 * 10.0**-number.decimals * 1.001
                if all(abs(value - number.value) > half for value in known):
                    yield (
                        f"the text goes from {match['first']} % to {match['second']} %, but no run "
                        f"of the tables or the results file has {match[name]} %",
                        place,
                    )
                    break


BEST = re.compile(r"\b(?:highest|best)\b[^.]{0,40}\baccura\w+", re.I)
SMALLEST = re.compile(
    r"\b(?:smallest|lowest|least)\b[^.]{0,30}\b(?:size|storage|memory|model)", re.I
)


def superlatives(story: Story) -> Iterator[Finding]:
    """What is the most accurate and the smallest at once is so in one row."""
    models = [model for model in story.others() if model.accuracy and model.size()]
    if len(models) < 2:
        return
    best = max(models, key=lambda model: max(model.accuracy))
    smallest = min(models, key=lambda model: model.size())
    for sentence, place, _ in story.sentences:
        if BEST.search(sentence) and SMALLEST.search(sentence) and best is not smallest:
            yield (
                f"the highest accuracy is that of '{best.name}' and the smallest size that of "
                f"'{smallest.name}': no row has both",
                place,
            )


TEMPERATURE = re.compile(
    r"\\(?:log|ln)\s*(?:\\left|\\big+l?)?\s*[({\[]?\s*"
    r"(?:\\d?frac\s*\{\s*[pq][^{}]*(?:\{[^{}]*\}[^{}]*)*\}\s*\{\s*(?:T|\\tau)\s*\}"
    r"|[pq](?:_\w|_\{[^{}]*\}|\^\w|\([^()]*\))*\s*/\s*(?:T|\\tau))"
)


def temperatures(story: Story) -> Iterator[Finding]:
    """A temperature divides logits; dividing a probability in a logarithm does nothing."""
    for formula in story.report.document.formulas:
        if TEMPERATURE.search(formula.source):
            yield (
                "the temperature divides a probability inside the logarithm: that only adds a "
                "constant, so the student's gradient does not depend on it; it divides the logits",
                formula.place,
            )


UNSTRUCTURED = re.compile(
    r"\b(we|our)\b[^.]*\bunstructured\b|\bunstructured\b[^.]*\b(we|our)\b", re.I
)
OF_LAYERS = re.compile(
    r"\bprun\w+\b[^.]*\b(?:retain|keep|remov|drop)\w*\b[^.]*\b(?:important|unimportant|whole|entire)"
    r"\s+(?:layers?|filters?|channels?)\b",
    re.I,
)


def layers_or_weights(story: Story) -> Iterator[Finding]:
    """Unstructured pruning removes single weights, and no layers."""
    document = story.report.document
    texts = [(s, p) for section in document.sections for s, p in section.prose.sentences()]
    if not any(UNSTRUCTURED.search(sentence) for sentence, _ in texts):
        return
    for sentence, place in texts:
        if OF_LAYERS.search(sentence):
            yield "pruning is said to be unstructured, and here to keep or remove layers", place


CHECKS = (
    quantized_sizes,
    pruned_sizes,
    kept_masks,
    stated_ratios,
    counted_weights,
    wrong_units,
    wrong_differences,
    unsupported,
    superlatives,
    temperatures,
    layers_or_weights,
)


def surprises(story: Story) -> Iterator[Finding]:
    """What may be true, and is more often a mistake."""
    base = story.base
    if base is None or not base.accuracy:
        return
    for model in story.others():
        expected = base.size() * model.bits / (base.bits or 32)
        if 0 < model.bits < 32 and not model.sparsity and model.size() > 1.3 * expected > 0:
            yield (
                f"'{model.name}' has {megabytes(model.size())}, more than {megabytes(expected)} "
                f"at {model.bits:g} bits: what of it was not quantized?",
                model.place,
            )
        if FREE_BITS <= model.bits < 32 and model.accuracy and not model.sparsity:
            lost = base.accuracy[0] - model.accuracy[0]
            if lost > FREE_POINTS:
                yield (
                    f"'{model.name}' loses {lost:.3g} points: at {model.bits:g} bits a sound "
                    "quantizer loses next to nothing, so look for a mistake in it",
                    model.place,
                )
