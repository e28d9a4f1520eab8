"""The exporter: modules equal their chapters, and near-markers are errors with file and line."""

import shutil

import pytest

from featherweight import export

HEAD = "---\njupytext:\n  text_representation:\n    format_name: myst\n---\n\n# Title\n\n"


def chapter(tmp_path, body, name="one-idea.md"):
    path = tmp_path / "book" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + body)
    return path


def cell(source, option=":tags: [export]\n"):
    return f"```{{code-cell}} ipython3\n{option}\n{source}\n```\n\n"


def test_the_committed_modules_equal_their_chapters():
    assert export.differences(export.modules()) == []


def test_only_tagged_cells_are_exported_in_their_order(tmp_path):
    path = chapter(tmp_path, cell("a = 1") + cell("b = 2", "") + cell("c = a"))
    source = export.module_source(path, tmp_path / "book")
    assert source.endswith("a = 1\n\n\nc = a\n")
    assert "book/one-idea.md" in source.splitlines()[0]


def test_a_chapter_without_exports_has_no_module(tmp_path):
    chapter(tmp_path, cell("b = 2", ""))
    assert list(export.modules(tmp_path / "book")) == ["__init__.py"]


def test_tags_may_be_combined(tmp_path):
    path = chapter(tmp_path, cell("a = 1", ":tags: [export, hide-input]\n"))
    assert export.read_cells(path)[0].tags == {"export", "hide-input"}


def test_code_inside_other_fences_is_no_cell(tmp_path):
    path = chapter(tmp_path, "```python\n# export\n```\n")
    assert export.read_cells(path) == []


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (cell("a = 1", ":tags: [exports]\n"), 10, "unknown tag 'exports'"),
        (cell("a = 1", ":tags: [Export]\n"), 10, "unknown tag 'Export'"),
        (cell("a = 1", ":tags: export\n"), 10, r"write tags as `:tags: \[one, another\]`"),
        (cell("a = 1", ":tags: [export,hide-input]\n"), 10, "write tags as"),
        (cell("a = 1", ":tag: [export]\n"), 10, "one option"),
        (cell("a = 1", ":tags: [export]\n:name: x\n"), 11, "one option"),
        (cell("a = 1", "tags: [export]\n"), 10, "is no marker"),
        (cell("a = 1", "---\ntags: [export]\n---\n"), 10, "is no marker"),
        (cell("# export\na = 1", ""), 11, "is no marker"),
        (cell("#| export\na = 1", ""), 11, "is no marker"),
        (cell("# [export]\na = 1", ""), 11, "is no marker"),
        ("```{code-cell} python\n1\n```\n", 9, "language is ipython3"),
        ("```{code_cell} ipython3\n1\n```\n", 9, "write a code cell as"),
        (":::{code-cell} ipython3\n1\n:::\n", 9, "write a code cell as"),
        ("```{code-cell} ipython3\na = 1\n", 9, "never closed"),
        (cell("def broken(:"), 9, "do not compile"),
    ],
)
def test_a_near_marker_is_an_error_with_file_and_line(tmp_path, body, line, message):
    path = chapter(tmp_path, body)
    with pytest.raises(export.ChapterError, match=rf"one-idea\.md:{line}: .*{message}"):
        export.module_source(path, tmp_path / "book")


def test_two_chapters_of_one_name_are_refused(tmp_path):
    chapter(tmp_path, cell("a = 1"), "one-idea.md")
    (tmp_path / "book" / "part").mkdir()
    chapter(tmp_path, cell("a = 2"), "part/one_idea.md")
    with pytest.raises(export.ChapterError, match=r"one_idea\.py already"):
        export.modules(tmp_path / "book")


def test_writing_removes_modules_of_deleted_chapters_and_changes_nothing_twice(tmp_path):
    chapter(tmp_path, cell("a = 1"))
    folder = tmp_path / "techniques"
    folder.mkdir()
    (folder / "gone.py").write_text("")
    wanted = export.modules(tmp_path / "book")
    assert sorted(export.differences(wanted, folder)) == [
        "__init__.py is missing",
        "gone.py belongs to no chapter",
        "one_idea.py is missing",
    ]
    export.write(wanted, folder)
    assert export.differences(wanted, folder) == []
    before = (folder / "one_idea.py").stat().st_mtime_ns
    export.write(wanted, folder)
    assert (folder / "one_idea.py").stat().st_mtime_ns == before


def test_the_command_fails_on_a_difference_and_writes_nothing(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "techniques"
    shutil.copytree(export.TECHNIQUES, folder)
    monkeypatch.setattr(export, "TECHNIQUES", folder)
    module = folder / "magnitude_pruning.py"
    module.write_text(module.read_text() + "# edited\n")
    assert export.main(["--check"]) == 1
    assert "magnitude_pruning.py differs from its chapter" in capsys.readouterr().out
    assert module.read_text().endswith("# edited\n")
