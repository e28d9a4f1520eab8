"""Collecting: every student's folder gives one submission, and nothing outside it is read."""

import os

import pytest

from autograder import collect as collecting
from autograder.collect import CollectError, collect
from autograder.files import safe_name


@pytest.fixture
def gather(tmp_path, master):
    (tmp_path / "class").mkdir()
    return lambda: {
        s.student: s for s in collect(tmp_path / "class", tmp_path / "submitted", "small", master)
    }


@pytest.fixture
def put(tmp_path):
    def write(path, data):
        target = tmp_path / "class" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    return write


def test_both_layouts_are_found(gather, put):
    put("a/small/small.ipynb", b"one")
    put("b/small.ipynb", b"two")
    found = gather()
    assert (found["a"].data, found["b"].data) == (b"one", b"two")
    assert found["a"].notes == ()


def test_student_without_a_notebook_has_a_status(gather, tmp_path):
    (tmp_path / "class" / "a").mkdir()
    assert gather()["a"].status == "no-notebook"


def test_misnamed_notebook_is_matched_and_reported(gather, put, submit):
    put("a/small/Small (1).ipynb", submit())
    put("a/other.ipynb", b"{}")
    found = gather()["a"]
    assert found.data == submit()
    assert any("graded from 'small/Small (1).ipynb'" in note for note in found.notes)
    assert "2 notebooks were there" in found.notes


@pytest.mark.parametrize("place", ["a/small/small.ipynb", "a/small", "a"])
def test_links_are_not_followed(gather, put, tmp_path, place):
    outside = tmp_path / "outside"
    (outside / "small").mkdir(parents=True)
    for name in ("small.ipynb", "small/small.ipynb"):
        (outside / name).write_bytes(b"private")
    link = tmp_path / "class" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    target = {"a/small/small.ipynb": "small.ipynb", "a/small": "small", "a": ""}[place]
    link.symlink_to(outside / target)
    found = gather()["a"]
    assert found.data is None
    assert found.status in ("no-notebook", "unreadable-notebook")
    assert any("not followed" in note for note in found.notes)


def test_pipe_does_not_block_the_run(gather, tmp_path):
    folder = tmp_path / "class" / "a"
    folder.mkdir()
    os.mkfifo(folder / "small.ipynb")
    found = gather()["a"]
    assert found.status == "unreadable-notebook"
    assert "not a regular file" in found.notes[0]


def test_huge_notebook_is_not_read(gather, put, monkeypatch):
    monkeypatch.setattr(collecting.read_regular, "__defaults__", (10,))
    put("a/small.ipynb", b"x" * 11)
    assert gather()["a"].status == "unreadable-notebook"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2026-01-02 10:00:00 UTC", "2026-01-02 10:00:00"),
        (b"2026-01-02 12:00:00 +0200", "2026-01-02 10:00:00"),
        (b"yesterday, I think", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_timestamp_is_read_or_flagged(gather, put, text, expected):
    put("a/small/small.ipynb", b"{}")
    put("a/small/timestamp.txt", text)
    found = gather()["a"]
    assert found.timestamp == expected
    assert bool(expected) != any("timestamp" in note for note in found.notes)


def test_odd_names_of_students_are_kept_as_text(gather, tmp_path):
    names = ["a b", "a.b", "Å中", "=1+1", "<script>", "x" * 255, 'quo"te\n']
    for name in names:
        (tmp_path / "class" / name).mkdir()
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"class", b"\xff"))
    found = gather()
    assert set(names) < set(found)
    assert "\\xff" in found


def test_system_folders_and_loose_files_are_no_students(gather, put):
    put("__MACOSX/small.ipynb", b"")
    put("readme.txt", b"")
    assert gather() == {}


def test_missing_folder_is_said_in_one_sentence(tmp_path, master):
    with pytest.raises(CollectError, match="no folder of submissions"):
        collect(tmp_path / "nothing", tmp_path / "submitted", "small", master)


def test_file_names_are_safe_short_and_never_shared():
    texts = ["a", "A/b", "a/b", "../x", ".", "..", "x" * 255, "x" * 254 + "y", "Å", "a%2Fb", "\n"]
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(texts)
    assert all(len(n) < 200 and "/" not in n and not n.startswith(".") for n in names)
