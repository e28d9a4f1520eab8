"""Collecting: each student gives one submission, and nothing outside what they sent is read."""

import io
import json
import os
import stat
import zipfile
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder import archives
from autograder.collect import CollectError, Submission, collect
from autograder.files import DiskFull, safe_name
from autograder.roster import FILE, LONGEST, distinct_ids, read_records, safe_id


@pytest.fixture
def gather(tmp_path, master):
    """Collect the folder `class`, or another source; submissions by student."""
    (tmp_path / "class").mkdir()

    def run(source=None, **options):
        source = tmp_path / "class" if source is None else source
        found = collect(source, tmp_path / "out" / "submitted", "small", master, **options)
        return {submission.student: submission for submission in found}

    return run


@pytest.fixture
def put(tmp_path):
    def write(path, data):
        target = tmp_path / "class" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    return write


@pytest.fixture
def zipped(tmp_path):
    """A zip of (name or ZipInfo, bytes) pairs."""

    def make(*entries, name="class.zip", **options):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
            for entry, data in entries:
                archive.writestr(entry, data)
        return path

    return make


def copies(tmp_path):
    home = tmp_path / "out" / "submitted"
    return {str(p.relative_to(home)): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def special(name, kind):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o644) << 16
    return info


# ---------------------------------------------------------------- folders


def test_both_layouts_are_found_and_copied_to_where_nbgrader_looks(gather, put, tmp_path):
    put("a/small/small.ipynb", b"one")
    put("b/small.ipynb", b"two")
    put("b/timestamp.txt", b"2026-01-02 12:00:00 +0200")
    put("b/notes.txt", b"mine")
    found = gather()
    assert (found["a"].data, found["b"].data) == (b"one", b"two")
    assert found["a"].notes == found["b"].notes == ()
    assert copies(tmp_path) == {
        "a/small/small.ipynb": b"one",
        "b/small/small.ipynb": b"two",
        "b/small/timestamp.txt": b"2026-01-02 10:00:00",
    }


def test_stock_nbgrader_finds_what_was_collected(gather, put, tmp_path):
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    for name in ("anna", "Jürgen Groß", "a.b", "[x]*", ".hidden"):
        put(f"{name}/small/small.ipynb", b"{}")
    found = gather()
    config = Config()
    config.CourseDirectory.root = str(tmp_path / "out")
    config.CourseDirectory.db_url = "sqlite://"
    assert NbGraderAPI(config=config).get_submitted_students("small") == set(found)


def test_what_is_no_longer_handed_in_leaves_the_copies(gather, put, tmp_path):
    put("a/small.ipynb", b"one")
    put("a/timestamp.txt", b"2026-01-02 10:00:00")
    put("b/small.ipynb", b"two")
    put("c/small.ipynb", b"three")
    gather()
    other = tmp_path / "out" / "submitted" / "c" / "other" / "other.ipynb"
    other.parent.mkdir()
    other.write_bytes(b"of another assignment")
    (tmp_path / "class" / "a" / "timestamp.txt").unlink()
    (tmp_path / "class" / "b" / "small.ipynb").unlink()
    (tmp_path / "class" / "c" / "small.ipynb").unlink()
    (tmp_path / "class" / "c").rmdir()
    found = gather()
    assert found["b"].status == "no-notebook"
    assert copies(tmp_path) == {
        "a/small/small.ipynb": b"one",
        "c/other/other.ipynb": b"of another assignment",
    }
    assert [r.student for r in read_records(tmp_path / "out" / FILE)] == ["a", "b"]


def test_copies_that_nobody_collected_are_left_alone(gather, put, tmp_path):
    put("a/small.ipynb", b"one")
    stranger = tmp_path / "out" / "submitted" / "z" / "small" / "small.ipynb"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"by nbgrader collect")
    gather()
    assert stranger.read_bytes() == b"by nbgrader collect"


def test_empty_class_removes_nothing(gather, put, tmp_path):
    put("a/small.ipynb", b"one")
    gather()
    (tmp_path / "empty").mkdir()
    assert gather(tmp_path / "empty") == {}
    assert copies(tmp_path) == {"a/small/small.ipynb": b"one"}


def test_unchanged_copy_is_not_written_again(gather, put):
    put("a/small.ipynb", b"one")
    before = gather()["a"].path.stat()
    after = gather()["a"].path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_in_its_own_place_nothing_is_copied_or_removed(put, tmp_path, master):
    put("a/small/small.ipynb", b"one")
    put("a/small/notes.txt", b"mine")
    put("b/small/other name.ipynb", b"{}")
    put("c/other/other.ipynb", b"{}")
    put("d/small/all.zip", zip_bytes(("small.ipynb", b"three")))
    before = sorted(tmp_path.rglob("*"))
    found = collect(tmp_path / "class", tmp_path / "class" / ".", "small", master)
    assert sorted(tmp_path.rglob("*")) == before
    by_student = {submission.student: submission for submission in found}
    assert by_student["a"].data == b"one"
    assert by_student["b"].path.name == "other name.ipynb"
    assert by_student["c"].status == by_student["d"].status == "no-notebook"


@pytest.mark.parametrize("inner", ["class/out", "."])
def test_copies_never_lie_in_the_source(put, tmp_path, master, inner):
    put("a/small.ipynb", b"one")
    with pytest.raises(CollectError, match="must not contain each other"):
        collect(tmp_path / "class", tmp_path / inner, "small", master)
    assert copies(tmp_path) == {}


def test_notebooks_are_read_only_when_asked_for(gather, put, monkeypatch):
    put("a/small.ipynb", b"one")
    found = gather()["a"]
    found.path.write_bytes(b"changed")
    assert found.data == b"changed"
    found.path.unlink()
    assert found.data == b"", "a file that is gone is graded as an empty one, and stops nobody"
    assert Submission("b", None).data is None


def test_student_without_a_notebook_has_a_status(gather, put):
    put("a/essay.pdf", b"")
    found = gather()["a"]
    assert (found.status, found.path) == ("no-notebook", None)
    assert found.notes == ("essay.pdf was handed in",)


def test_misnamed_notebook_is_matched_and_reported(gather, put, submit):
    put("a/small/Small (1).ipynb", submit())
    put("a/other.ipynb", b"{}")
    found = gather()["a"]
    assert found.data == submit()
    assert any("graded from 'small/Small (1).ipynb'" in note for note in found.notes)
    assert "2 notebooks were there" in found.notes


def test_notebook_beside_the_right_one_is_said(gather, put):
    put("a/small/small.ipynb", b"one")
    put("a/small/old.ipynb", b"{}")
    put("a/large/large.ipynb", b"{}")
    found = gather()["a"]
    assert found.data == b"one"
    assert found.notes == ("2 notebooks were there",)


def test_names_in_notes_stay_on_one_line(gather, put):
    put("a/small/my\nno\x1btes\u202e.ipynb", b"{}")
    put("b/" + "x" * 200 + "/" + "y" * 200 + ".pdf", b"")
    for found in gather().values():
        assert all(note.isprintable() and len(note) < 250 for note in found.notes)


def test_another_assignment_of_the_student_is_not_graded_as_this_one(gather, put, submit):
    put("a/large/large.ipynb", b'{"cells": []}')
    put("b/wrong folder/anything.ipynb", submit())
    found = gather()
    assert found["a"].status == "no-notebook"
    assert found["b"].data == submit()


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
    put("b/small.ipynb", b"one")
    found = gather()
    assert found["a"].data is None
    assert found["a"].status in ("no-notebook", "unreadable-notebook")
    assert any("not followed" in note for note in found["a"].notes)
    assert copies(tmp_path) == {"b/small/small.ipynb": b"one"}


def test_links_among_the_copies_are_replaced_not_followed(gather, put, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "small.ipynb").write_bytes(b"private")
    home = tmp_path / "out" / "submitted"
    (home / "b" / "small").mkdir(parents=True)
    (home / "a").symlink_to(outside)
    (home / "b" / "small" / "small.ipynb").symlink_to(outside / "small.ipynb")
    (home / "b" / "small" / "more").symlink_to(outside)
    put("a/small.ipynb", b"one")
    put("b/small.ipynb", b"two")
    gather()
    assert [p.name for p in outside.iterdir()] == ["small.ipynb"]
    assert (outside / "small.ipynb").read_bytes() == b"private"
    assert not [path for path in home.rglob("*") if path.is_symlink()]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_does_not_block_the_run(gather, tmp_path, make):
    (tmp_path / "class" / "a").mkdir()
    make(tmp_path / "class" / "a" / "small.ipynb")
    found = gather()["a"]
    assert found.status == "unreadable-notebook"
    assert "not a regular file" in found.notes[0]


def test_huge_notebook_is_not_read(gather, put, monkeypatch, zipped):
    monkeypatch.setattr(archives, "MAX_NOTEBOOK", 10)
    put("a/small.ipynb", b"x" * 11)
    put("b/small.ipynb", b"x" * 10)
    source = zipped(("a/small.ipynb", b"x" * 11), ("b/small.ipynb", b"x" * 10))
    for found in (gather(), gather(source)):
        assert found["a"].status == "unreadable-notebook"
        assert "more than 1e-05 MB" in found["a"].notes[0]
        assert found["b"].data == b"x" * 10


def test_folder_with_too_many_files_is_one_line(gather, put, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    for number in range(4):
        put(f"a/x/{number}.txt", b"")
    put("b/small.ipynb", b"one")
    found = gather()
    assert found["a"].status == "no-notebook"
    assert found["a"].notes == ("the student's folder has more than 3 files",)
    assert found["b"].data == b"one"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2026-01-02 10:00:00 UTC", "2026-01-02 10:00:00"),
        (b"2026-01-02 12:00:00 +0200", "2026-01-02 10:00:00"),
        (b"2026-01-02 05:00:00 EST", "2026-01-02 10:00:00"),
        (b"\xef\xbb\xbf2026-01-02T10:00:00Z\n", "2026-01-02 10:00:00"),
        (b"2026-01-02 11:00:00 MARS", ""),
        (b"2026-13-02 10:00:00", ""),
        (b"0001-01-01 00:00:00 +1400", ""),
        (b"yesterday, I think", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
        (b"2026-01-02 10:00:00 UTC" + b" " * 2000, ""),
    ],
)
def test_timestamp_is_read_or_flagged(gather, put, text, expected):
    put("a/small/small.ipynb", b"{}")
    put("a/small/timestamp.txt", text)
    found = gather()["a"]
    assert (found.timestamp, found.status) == (expected, "")
    assert bool(expected) != any("timestamp" in note for note in found.notes)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"2026-01-02 02:00:00 PST", "2026-01-02 10:00:00"),
        (b"2026-07-02 03:00:00 PDT", "2026-07-02 10:00:00"),
        (b"2026-07-02 10:00:00", "2026-07-02 10:00:00"),
    ],
)
def test_names_of_the_courses_own_zone_are_known(gather, put, written, expected):
    put("a/small.ipynb", b"{}")
    put("a/timestamp.txt", written)
    assert gather(timezone="America/Los_Angeles")["a"].timestamp == expected


def test_folder_called_like_the_timestamp_is_flagged(gather, put):
    put("a/small.ipynb", b"{}")
    put("a/timestamp.txt/x", b"")
    found = gather()["a"]
    assert (found.data, found.timestamp) == (b"{}", "")
    assert any("timestamp" in note for note in found.notes)


def test_system_folders_and_loose_files_are_no_students(gather, put):
    put("__MACOSX/small.ipynb", b"")
    put("readme.txt", b"")
    put("a/.ipynb_checkpoints/small-checkpoint.ipynb", b"{}")
    assert {name: found.status for name, found in gather().items()} == {"a": "no-notebook"}


@pytest.mark.parametrize(
    ("source", "sentence"),
    [("nothing", "no folder or zip"), ("class/readme.txt", "neither a folder nor a zip")],
)
def test_source_that_cannot_be_read_is_said_in_one_sentence(
    gather, put, tmp_path, source, sentence
):
    put("readme.txt", b"hello")
    with pytest.raises(CollectError, match=sentence):
        gather(tmp_path / source)


def test_full_disk_ends_in_one_sentence_with_nothing_half_written(
    gather, put, tmp_path, monkeypatch
):
    put("a/small.ipynb", b"one")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DiskFull, match="no room"):
        gather()
    assert copies(tmp_path) == {}


# ---------------------------------------------------------------- ids


ODD = [
    "a b",
    "a.b",
    ".",
    "..",
    ".a",
    "a ",
    "Å中",
    "=1+1",
    "<script>",
    "x" * 255,
    'quo"te\n',
    "\U0001f989",
]


def test_every_id_is_a_safe_folder_and_says_where_it_comes_from(gather, tmp_path):
    names = [name for name in ODD if name not in (".", "..")]
    for name in names:
        (tmp_path / "class" / name).mkdir()
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"class", b"\xff"))
    found = gather()
    assert len(found) == len(names) + 1
    assert {"a b", "a.b", "Å中", "=1+1", "\U0001f989"} < set(found)
    for student, submission in found.items():
        changed = student not in names
        assert changed == any("the id stands for" in note for note in submission.notes)
    assert any(student.startswith("_xff-") for student in found)


def test_one_person_in_two_unicode_forms_is_one_student(gather, put):
    put("Jose\u0301/small.ipynb", b"one")
    put("José/notes.txt", b"")
    found = gather()
    assert list(found) == ["José"]
    assert found["José"].data == b"one"
    assert any("two folders" in note for note in found["José"].notes)


def test_ids_that_differ_by_case_alone_stay_apart_on_any_disk(gather, put):
    put("alice/small.ipynb", b"one")
    put("Alice/small.ipynb", b"two")
    found = gather()
    assert len({student.casefold() for student in found}) == 2
    assert sorted(submission.data for submission in found.values()) == [b"one", b"two"]


names = st.text(max_size=300) | st.sampled_from(ODD)


@given(st.lists(names, unique=True, max_size=8))
def test_ids_are_stable_short_and_never_shared(people):
    ids = distinct_ids({(name, ""): name for name in people})
    assert len({student.casefold() for student in ids.values()}) == len(people)
    for student in ids.values():
        assert safe_id(student) == student
        assert 0 < len(student.encode()) <= LONGEST
        assert not set(student) & set("/\\\0\n*?[]")
        assert student.strip(" .") == student


def test_file_names_are_safe_short_and_never_shared():
    texts = ["a", "A/b", "a/b", "../x", ".", "..", "x" * 255, "x" * 254 + "y", "Å", "a%2Fb", "\n"]
    names = [safe_name(text) for text in texts]
    assert len(set(names)) == len(texts)
    assert all(len(n) < 200 and "/" not in n and not n.startswith(".") for n in names)


# ---------------------------------------------------------------- zips


def zip_bytes(*entries):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return memory.getvalue()


@pytest.mark.parametrize("wrapper", ["", "submitted/"])
def test_zip_of_folders_is_a_folder(gather, zipped, tmp_path, wrapper):
    source = zipped(
        (f"{wrapper}a/small/small.ipynb", b"one"),
        (f"{wrapper}a/small/timestamp.txt", b"2026-01-02 10:00:00"),
        (f"{wrapper}b/small.ipynb", b"two"),
        (f"{wrapper}c/", b""),
        ("__MACOSX/a/._small.ipynb", b"x"),
    )
    found = gather(source)
    assert {name: s.data for name, s in found.items()} == {"a": b"one", "b": b"two", "c": None}
    assert found["a"].timestamp == "2026-01-02 10:00:00"
    assert set(copies(tmp_path)) == {
        "a/small/small.ipynb",
        "a/small/timestamp.txt",
        "b/small/small.ipynb",
    }


def test_single_student_in_a_zip_is_no_wrapper(gather, zipped):
    assert list(gather(zipped(("a/small/small.ipynb", b"one")))) == ["a"]
    assert list(gather(zipped(("b/small.ipynb", b"one")))) == ["b"]


def test_zip_that_fits_nothing_is_said_in_one_sentence(gather, zipped):
    with pytest.raises(CollectError, match="nobody can tell whose 'alice"):
        gather(zipped(("alice.ipynb", b"one"), ("bob.ipynb", b"two")))


def test_empty_zip_is_an_empty_class(gather, zipped):
    assert gather(zipped()) == {}


@pytest.mark.parametrize("name", ["../x.ipynb", "/etc/x.ipynb", "C:/x.ipynb", "..\\x.ipynb"])
def test_zip_that_leads_out_of_itself_is_refused_whole(gather, zipped, tmp_path, name):
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(CollectError, match="leads out of it"):
        gather(zipped(("a/small.ipynb", b"one"), (name, b"evil")))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "class.zip"])


def test_student_whose_names_lead_out_is_one_line(gather, zipped, tmp_path):
    source = zipped(
        ("a/small/small.ipynb", b"one"),
        ("b/../a/small/small.ipynb", b"evil"),
        ("b/small/../../../x.ipynb", b"evil"),
    )
    found = gather(source)
    assert found["a"].data == b"one"
    assert found["b"].data is None
    assert any("leads out of its folder" in note for note in found["b"].notes)
    assert copies(tmp_path) == {"a/small/small.ipynb": b"one"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK])
def test_links_and_devices_in_a_zip_are_not_made(gather, zipped, tmp_path, kind):
    found = gather(
        zipped((special("a/small.ipynb", kind), b"/etc/passwd"), ("b/small.ipynb", b"two"))
    )
    assert found["a"].status == "unreadable-notebook"
    assert copies(tmp_path) == {"b/small/small.ipynb": b"two"}


def test_directory_called_like_a_notebook_is_no_notebook(gather, zipped):
    found = gather(zipped(("a/small.ipynb/", b""), ("a/x.txt", b""), ("b/small.ipynb", b"two")))
    assert (found["a"].status, found["b"].data) == ("no-notebook", b"two")


def patched(path, start, change):
    """Change bytes of every local and central header of a zip."""
    data = bytearray(path.read_bytes())
    for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        place = data.find(mark)
        while place >= 0:
            spot = place + start + shift
            data[spot : spot + len(change)] = change
            place = data.find(mark, place + 1)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("start", "change", "cause"),
    [(6, b"\x01\x00", "is encrypted"), (8, b"\x0c\x00", "compressed in a way")],
)
def test_encrypted_and_strange_entries_are_one_line(gather, zipped, start, change, cause):
    found = gather(patched(zipped(("a/small.ipynb", b"one")), start, change))
    assert found["a"].status == "unreadable-notebook"
    assert cause in found["a"].notes[0]


def test_damaged_entry_is_one_line(gather, zipped):
    source = zipped(("a/small.ipynb", os.urandom(1000)), ("b/small.ipynb", b"two"))
    data = bytearray(source.read_bytes())
    data[200:300] = bytes(100)
    source.write_bytes(data)
    found = gather(source)
    assert found["a"].status == "unreadable-notebook"
    assert "cannot be unpacked" in found["a"].notes[0]
    assert found["b"].data == b"two"


def test_bomb_is_counted_while_it_is_unpacked_not_believed(gather, zipped):
    source = zipped(("a/small.ipynb", bytes(archives.MAX_NOTEBOOK + 1)), ("b/small.ipynb", b"two"))
    assert source.stat().st_size < 100_000
    claimed = (1000).to_bytes(4, "little")
    for path in (source, patched_size(source, claimed)):
        found = gather(path)
        assert found["a"].status == "unreadable-notebook"
        assert found["b"].data == b"two"


def patched_size(path, claimed):
    data = bytearray(path.read_bytes())
    data[22:26] = claimed
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = claimed
    other = path.with_name("lying.zip")
    other.write_bytes(data)
    return other


def test_many_bombs_of_one_student_cost_bounded_work(gather, zipped, submit, monkeypatch):
    read = []
    original = archives.bounded
    monkeypatch.setattr(
        archives, "bounded", lambda *given: read.append(given[1]) or original(*given)
    )
    gather(zipped(*((f"a/{number}.ipynb", b"{}") for number in range(100))))
    assert len(read) < 20


def test_zip_with_too_many_entries_is_refused_before_it_is_read(gather, zipped, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    source = zipped(*((f"{number}/small.ipynb", b"") for number in range(6)))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(CollectError, match="more than 5 entries"):
        gather(source)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_entries_with_one_name_the_latter_counts(gather, zipped):
    found = gather(zipped(("a/small.ipynb", b"one"), ("a/small.ipynb", b"two")))
    assert found["a"].data == b"two"


def test_zip_that_a_student_handed_in_is_opened_once(gather, zipped, tmp_path):
    inner = zip_bytes(("work/small.ipynb", b"one"), ("data.csv", b""))
    evil = zip_bytes(("small.ipynb", b"four"), ("../../x.ipynb", b"evil"))
    handed_in = {"a": inner, "b": zip_bytes(("again.zip", inner)), "c": b"PK no", "d": evil}
    found = gather(zipped(*((f"{name}/hw.zip", data) for name, data in handed_in.items())))
    assert found["a"].data == b"one"
    assert "taken out of 'hw.zip'" in found["a"].notes
    assert {found[name].status for name in "bcd"} == {"no-notebook"}
    assert set(copies(tmp_path)) == {"a/small/small.ipynb"}


def test_names_in_utf_8_without_the_flag_are_read(gather, tmp_path, zipped):
    source = zipped(("Jürgen/small.ipynb", b"one"))
    found = gather(patched(source, 6, b"\x00\x00"))
    assert list(found) == ["Jürgen"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_any_damage_to_a_zip_ends_in_submissions_or_one_sentence(gather, zipped, data):
    source = zipped(
        ("a/small.ipynb", b"one" * 50), ("b/small/small.ipynb", b"two"), ("c/hw.zip", b"x")
    )
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    source.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(CollectError):
        for submission in gather(source).values():
            assert submission.status in ("", "no-notebook", "unreadable-notebook")


# ---------------------------------------------------------------- platforms


def test_canvas_download_gives_ids_that_find_back(gather, zipped, tmp_path):
    source = zipped(
        ("doejane_12345_901_small.ipynb", b"old"),
        ("doejane_12345_902_small-1.ipynb", b"new"),
        ("roemax_LATE_777_903_My Work.ipynb", b"{}"),
        ("lilywhite_888_text.html", b"<p>see mail</p>"),
    )
    found = gather(source)
    assert list(found) == ["doejane-12345", "lilywhite-888", "roemax-777"]
    assert found["doejane-12345"].data == b"new"
    assert "2 notebooks were there" in found["doejane-12345"].notes
    assert any("marks it as late" in note for note in found["roemax-777"].notes)
    assert any("graded from 'My Work.ipynb'" in note for note in found["roemax-777"].notes)
    assert found["lilywhite-888"].status == "no-notebook"
    records = {r.platform_id: r for r in read_records(tmp_path / "out" / FILE)}
    assert records["777"].late and not records["12345"].late
    assert (records["12345"].platform, records["12345"].name) == ("canvas", "doejane")


def test_canvas_user_keeps_the_id_under_a_new_name(gather, zipped):
    assert list(gather(zipped(("doejane_12345_1_small.ipynb", b"one")))) == ["doejane-12345"]
    found = gather(zipped(("roejane_12345_2_small.ipynb", b"two")))
    assert list(found) == ["doejane-12345"]
    assert found["doejane-12345"].data == b"two"


@pytest.mark.parametrize("between", ["_/", "/", "_"])
def test_moodle_download(gather, zipped, tmp_path, between):
    source = zipped(
        (f"Jane Doe_123_assignsubmission_file{between}small.ipynb", b"one"),
        (f"Jane Doe_123_assignsubmission_onlinetext{between}onlinetext.html", b"hello"),
        (f"Max Müller_124_assignsubmission_file{between}timestamp.txt", b"2020-01-01 00:00:00"),
        (f"Max Müller_124_assignsubmission_file{between}small.ipynb", b"two"),
    )
    found = gather(source)
    assert {name: s.data for name, s in found.items()} == {"Jane Doe": b"one", "Max Müller": b"two"}
    assert found["Max Müller"].timestamp == "", "a student cannot bring the time along"
    records = read_records(tmp_path / "out" / FILE)
    assert [(r.platform, r.platform_id) for r in records] == [("moodle", "123"), ("moodle", "124")]


def test_two_students_of_one_name_stay_two(gather, zipped):
    source = zipped(
        ("Jane Doe_1_assignsubmission_file/small.ipynb", b"one"),
        ("Jane Doe_2_assignsubmission_file/small.ipynb", b"two"),
        ("Jane Doe-1_3_assignsubmission_file/small.ipynb", b"three"),
    )
    found = gather(source)
    assert len(found) == 3
    assert sorted(s.data for s in found.values()) == [b"one", b"three", b"two"]


@pytest.mark.parametrize("end", ["/", " - "])
def test_of_several_brightspace_submissions_the_last_counts_with_its_time(gather, zipped, end):
    person = "111-999 - Jane Doe"
    source = zipped(
        (f"{person} - Nov 9, 2026 926 PM{end}small.ipynb", b"second"),
        (f"{person} - Nov 20, 2026 1156 PM{end}small.ipynb", b"last"),
        (f"{person} - Nov 9, 2026 926 AM{end}small.ipynb", b"first"),
        ("index.html", b"<table>"),
    )
    found = gather(source, timezone="America/New_York")["Jane Doe"]
    assert (found.data, found.timestamp) == (b"last", "2026-11-21 04:56:00")
    assert "the last of 3 submissions counts" in found.notes


def test_platform_time_that_cannot_be_read_is_flagged(gather, zipped):
    found = gather(zipped(("1-9 - Jane Doe - 20 листопада 2026 1156/small.ipynb", b"one")))
    assert (found["Jane Doe"].data, found["Jane Doe"].timestamp) == (b"one", "")
    assert any("cannot be read" in note for note in found["Jane Doe"].notes)


def test_unknown_time_zone_is_said_in_one_sentence(gather):
    with pytest.raises(CollectError, match="no time zone 'Mars'"):
        gather(timezone="Mars")


def test_download_that_was_unpacked_is_read_like_its_zip(gather, put):
    put("Jane Doe_123_assignsubmission_file_/small.ipynb", b"one")
    assert gather()["Jane Doe"].data == b"one"


@pytest.mark.parametrize(
    "other", ["Jane Doe_1_assignsubmission_file/small.ipynb", "carol/small/small.ipynb"]
)
def test_mixture_of_platforms_is_said_in_one_sentence(gather, zipped, other):
    with pytest.raises(CollectError, match="one download at a time"):
        gather(zipped(("doejane_1_2_small.ipynb", b"one"), (other, b"two")))


def test_record_of_the_class_survives_nonsense(gather, put, tmp_path):
    put("a/small.ipynb", b"one")
    record = tmp_path / "out" / FILE
    record.parent.mkdir()
    evil = {"student": "../../class", "assignment": "small"}
    odd = {"student": 3, "assignment": "small", "new": None}
    texts = ("{", "[]", '{"students": [3]}', json.dumps({"students": [evil, odd, {}]}))
    for text in texts:
        record.write_text(text)
        assert gather()["a"].data == b"one"
        assert (tmp_path / "class" / "a" / "small.ipynb").exists()
    assert [r.student for r in read_records(record)] == ["a"]
