"""A multiple-choice question, usable by keyboard, without a kernel, network or JavaScript.

How an author writes one::

    ::::{quiz} How many bytes does one float32 weight take?
    :name: quiz-float32

    An optional paragraph that says more about the question.

    :::{choice} 2
    That is float16.
    :::

    :::{choice} 4
    :correct:

    32 bits are 4 bytes.
    :::
    ::::

The argument of `quiz` is the question, the argument of each `choice` is what the reader picks;
both may hold inline markup such as math. `name` is required: it makes the controls' ids and a
target for links. The body of a choice explains why it is right or wrong, and is required too.
There are at least two choices, and at least one is `correct`.

What the reader gets: a group of radio buttons. Picking one opens its explanation and says whether
it is right. Without JavaScript each explanation is an ordinary `<details>` to open. Builders other
than HTML print question, choices and explanations one after the other.
"""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class quiz(nodes.General, nodes.Element):
    """The question and its choices."""


class choice(nodes.General, nodes.Element):
    """One choice: a `choice_label` and the explanation."""


class question(nodes.Part, nodes.TextElement):
    """What is asked."""


class choice_label(nodes.Part, nodes.TextElement):
    """What the reader picks."""


class QuizDirective(SphinxDirective):
    """The `quiz` directive."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"name": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        if "name" not in self.options:
            raise self.error("a quiz needs `:name:`, for example `:name: quiz-float32`.")
        text, messages = self.state.inline_text(self.arguments[0], self.lineno)
        node = quiz("", question("", "", *text))
        self.set_source_info(node)
        self.add_name(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        self._check(list(node.findall(choice)))
        return [node, *messages]

    def _check(self, choices: list[choice]) -> None:
        if len(choices) < 2:
            raise self.error("a quiz needs at least two choices.")
        if not any(item["correct"] for item in choices):
            raise self.error("a quiz needs a choice marked `:correct:`.")


class ChoiceDirective(SphinxDirective):
    """The `choice` directive, inside a `quiz`."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"correct": directives.flag}

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        text, messages = self.state.inline_text(self.arguments[0], self.lineno)
        node = choice("", choice_label("", "", *text), correct="correct" in self.options)
        self.set_source_info(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node, *messages]


def visit_quiz(self: Any, node: quiz) -> None:
    name = escape(node["ids"][0])
    self.body.append(f'<form class="quiz" id="{name}"><fieldset>')
    for index, item in enumerate(node.findall(choice)):
        item["quiz"], item["index"] = name, index


def depart_quiz(self: Any, node: quiz) -> None:
    self.body.append('<p class="quiz-verdict" role="status"></p></fieldset></form>')


def visit_question(self: Any, node: question) -> None:
    self.body.append('<legend class="quiz-question">')


def depart_question(self: Any, node: question) -> None:
    self.body.append("</legend>")


def visit_choice(self: Any, node: choice) -> None:
    verdict = "right" if node["correct"] else "wrong"
    self.body.append(f'<div class="quiz-choice" data-verdict="{verdict}">')


def depart_choice(self: Any, node: choice) -> None:
    self.body.append("</div></details></div>")


def visit_choice_label(self: Any, node: choice_label) -> None:
    name, index = node.parent["quiz"], node.parent["index"]
    self.body.append(
        f'<label><input type="radio" name="{name}" value="{index}" autocomplete="off"> <span>'
    )


def depart_choice_label(self: Any, node: choice_label) -> None:
    verdict = "Right" if node.parent["correct"] else "Not this one"
    self.body.append(
        "</span></label><details><summary>Explanation</summary>"
        f'<div class="quiz-why"><p class="quiz-mark">{verdict}.</p>'
    )


def plain_visit(self: Any, node: nodes.Element) -> None:
    """Other builders print the children one after the other."""


def setup(app: Sphinx) -> dict[str, Any]:
    html = {
        quiz: (visit_quiz, depart_quiz),
        question: (visit_question, depart_question),
        choice: (visit_choice, depart_choice),
        choice_label: (visit_choice_label, depart_choice_label),
    }
    plain = (plain_visit, plain_visit)
    for node, visitors in html.items():
        app.add_node(node, html=visitors, latex=plain, text=plain)
    app.add_directive("quiz", QuizDirective)
    app.add_directive("choice", ChoiceDirective)
    app.add_js_file("quiz.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
