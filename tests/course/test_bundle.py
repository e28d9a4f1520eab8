"""The students' zip: complete, reproducible, and without anything of the instructor's."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from autograder import bundle, source
from autograder.audit import MUTANTS
from autograder.check import CHECKS


@pytest.fixture(scope="module")
def files():
    return bundle.contents()


@pytest.fixture(scope="module")
def lines():
    return bundle.solution_lines()


@pytest.fixture(scope="module")
def unpacked(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("students")
    bundle.write(files, folder / "course.zip")
    with zipfile.ZipFile(folder / "course.zip") as archive:
        archive.extractall(folder)
    return folder / bundle.TOP


def test_the_proof_holds_for_the_course(files, lines):
    assert len(lines) > 20
    bundle.prove(files, lines)


def test_nothing_of_the_instructors_is_inside(unpacked):
    """Looked at without the bundle's own rules: by the names and contents of the files."""
    inside = [path for path in unpacked.rglob("*") if path.is_file()]
    names = {path.name for path in inside}
    instructors = [*MUTANTS.rglob("*.py"), *CHECKS.glob("*.py"), *source.SOLUTIONS.rglob("*.md")]
    assert len(instructors) > 100
    assert not names & {path.name for path in instructors}
    folders = {part for path in inside for part in path.relative_to(unpacked).parts[:-1]}
    assert not folders & {"autograder", "solutions", "tests", "mutants", "checks", "course"}
    contents = {path.read_bytes() for path in inside}
    assert not contents & {path.read_bytes() for path in instructors if path.stat().st_size > 50}


def test_the_instructors_part_of_the_book_stays_out_and_nothing_leads_there(unpacked):
    listed = re.findall(r"file: (\S+)", (unpacked / "_toc.yml").read_text())
    pages = {path.relative_to(unpacked).as_posix() for path in (unpacked / "book").rglob("*.md")}
    assert {f"{name}.md" for name in listed} == pages - {"book/index.md"}
    for name in pages:
        assert "](../instructor" not in (unpacked / name).read_text(), name
        assert "](instructor" not in (unpacked / name).read_text(), name


def test_no_solution_line_of_more_than_a_few_tokens_is_inside(unpacked):
    """The same by plain search: no line of a solution stands in any text of the bundle."""
    texts = []
    for path in unpacked.rglob("*"):
        if path.is_file() and path.suffix in (".md", ".py", ".js", ".toml", ".yml", ".html"):
            texts.append(path.read_text())
        elif path.suffix == ".ipynb":
            texts += ["".join(c["source"]) for c in json.loads(path.read_text())["cells"]]
    squeezed = re.sub(r"\s+", "", "\n".join(texts))
    for assignment in source.assignments():
        for cell in source.master(assignment).cells:
            for line in source.solution_lines(cell):
                if bundle.judged(line) and "#" not in line:
                    assert re.sub(r"\s+", "", line) not in squeezed, (assignment, line)


def test_what_a_student_needs_is_inside(unpacked):
    for assignment in source.assignments():
        assert (unpacked / "assignments" / assignment / f"{assignment}.ipynb").is_file()
        assert f"{assignment}.ipynb" in (unpacked / "START-HERE.md").read_text()
    for name in ("_config.yml", "_toc.yml", "requirements.lock", "environment.yml", "LICENSE"):
        assert (unpacked / name).is_file(), name
    assert list((unpacked / "book").rglob("*.md"))
    assert list((unpacked / "featherweight" / "checkpoints").glob("*.safetensors"))
    assert list((unpacked / "featherweight" / "datasets").rglob("LICENSE"))


def test_the_students_project_is_the_lab_bench_only(unpacked):
    described = tomllib.loads((unpacked / "pyproject.toml").read_text())
    project = described["project"]
    assert "scripts" not in project
    assert set(project["optional-dependencies"]) == {"book"}
    assert described["tool"]["setuptools"]["packages"]["find"]["include"] == ["featherweight*"]
    assert (unpacked / project["readme"]).is_file()
    ours = tomllib.loads((source.ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ours["dependencies"]


def test_the_first_page_lists_the_chapters_in_order_and_what_each_assignment_needs(unpacked):
    page = (unpacked / "START-HERE.md").read_text()
    toc = (unpacked / "_toc.yml").read_text()
    names = re.findall(r"`(book/\S+)\.md`", page)
    assert names == [name for name in re.findall(r"file: (\S+)", toc) if name in names]
    assert "book/pruning/magnitude-pruning" in names
    needs = dict(re.findall(r"assignments/(\S+)/\S+\.ipynb`: .*\n  It needs (.+)\.", page))
    assert list(needs) == source.assignments()
    assert needs["a0-measuring"] == "*Measuring a model*"
    assert needs["a1-magnitude-pruning"] == "*Measuring a model* and *Magnitude pruning*"
    saliency, structured = "*Saliency: Optimal Brain Damage*", "*Structured pruning*"
    assert needs["a2-saliency"] == f"*Magnitude pruning*, {saliency} and {structured}"


def test_the_environment_for_conda_asks_for_nothing_that_is_not_inside(unpacked):
    environment = (unpacked / "environment.yml").read_text()
    assert "make" not in environment
    assert "  - python >=3.11,<3.14" in environment
    assert "-r requirements.lock" in environment


def test_the_commands_of_the_first_page_name_files_that_are_there(unpacked):
    page = (unpacked / "START-HERE.md").read_text()
    assert "{" not in page
    for name in re.findall(r"(?:-r|-f|`)\s?([\w./-]+\.(?:lock|yml|ipynb))", page):
        assert (unpacked / name).is_file(), name


@pytest.mark.parametrize("assignment", source.assignments())
def test_a_released_notebook_runs_from_the_bundle_alone(assignment, unpacked):
    """Its given cells run with the bundle's own package; an answer that is missing says so."""
    script = (
        "import json, pathlib, sys\n"
        "names, failed = {'__name__': '__main__'}, []\n"
        "for cell in json.load(open(sys.argv[1]))['cells']:\n"
        "    marks = cell['metadata'].get('nbgrader', {})\n"
        "    tags = cell['metadata'].get('tags', [])\n"
        "    if cell['cell_type'] != 'code' or tags or marks['grade_id'].startswith('test-'):\n"
        "        continue\n"
        "    exec(compile(''.join(cell['source']), marks['grade_id'], 'exec'), names)\n"
        "import featherweight\n"
        "assert pathlib.Path(featherweight.__file__).is_relative_to(sys.argv[2])\n"
    )
    folder = unpacked / "assignments" / assignment
    ended = subprocess.run(
        [sys.executable, "-c", script, f"{assignment}.ipynb", unpacked],
        cwd=folder,
        env={"PYTHONPATH": str(unpacked), "OMP_NUM_THREADS": "1", "PATH": "", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]


def test_the_zip_is_the_same_each_time(files, tmp_path):
    bundle.write(files, tmp_path / "a.zip")
    bundle.write(dict(reversed(files.items())), tmp_path / "deep" / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "deep" / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {bundle.EPOCH}
    assert [path.name for path in Path(tmp_path).glob("*.part")] == []


@pytest.mark.parametrize(
    "name",
    [
        "solutions/a0-measuring/a0-measuring.md",
        "assignments/a0-measuring/solutions/a.md",
        "book/autograder/check.py",
        "assignments/a0-measuring/wrong_mean.py",
        "featherweight/gradebook.db",
        "secret",
    ],
)
def test_a_file_of_the_instructors_is_refused(name, lines):
    with pytest.raises(bundle.Leak, match="is the instructor's"):
        bundle.prove({name: b""}, lines)


LINE = "return (middle - new_middle) / new_middle, max(low, new_low)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("book/a.md", f"Some prose.\n\n    {LINE}\n"),
        ("book/a.md", LINE.replace(" ", "").replace("return", "return ")),
        ("featherweight/a.py", LINE.replace("/ ", "/\n        ")),
        ("assignments/a/a.ipynb", json.dumps({"cells": [{"source": ["x\n", LINE]}]})),
        ("assignments/a/a.ipynb", json.dumps({"cells": [{"outputs": [{"text": LINE}]}]})),
        ("book/a.md", "### BEGIN SOLUTION"),
        ("assignments/a/a.ipynb", json.dumps({"cells": [{"source": "from autograder.stock"}]})),
    ],
)
def test_a_leak_is_found_however_it_is_written(name, text):
    with pytest.raises(bundle.Leak):
        bundle.prove({name: text.encode()}, {bundle.judged(LINE): "a1, 'x'"})


def test_lines_that_say_nothing_are_not_judged():
    assert bundle.judged("    total = 0") == ""
    assert bundle.judged("    for name, layer in model.named_modules():") == ""
    assert (
        bundle.judged("    # a long comment about what the next line does with the weights") == ""
    )
    assert bundle.judged("    total = total + other.numel()")
    assert bundle.judged("    if name in masks and masks[name].sum() < kept * len(masks):")


def test_a_stale_release_is_not_shipped(monkeypatch, tmp_path, capsys):
    stale = source.ROOT / "assignments" / "a0-measuring" / "a0-measuring.ipynb"
    monkeypatch.setattr(bundle.release, "check", lambda names: [stale])
    from autograder import cli

    assert cli.main(["bundle", "--out", str(tmp_path / "out.zip")]) == 1
    assert "run 'autograder release' first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
