"""The names that learning platforms give: who, which file, when; and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.lms import (
    BrightspaceNames,
    CanvasNames,
    MoodleNames,
    UnknownNames,
    platform_time,
    read_names,
)

FACTS = ("platform_id", "name", "label", "file", "late", "time", "upload")


def facts(path):
    """What one name tells, by the platform that alone recognizes it."""
    (named,) = read_names([path]).values()
    return named.platform, {k: getattr(named, k) for k in FACTS if getattr(named, k)}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "doejane_12345_67890_a1.ipynb",
            {"name": "doejane", "label": "doejane-12345", "file": "a1.ipynb", "upload": 67890},
        ),
        (
            "doejane_LATE_12345_67890_a1-2.ipynb",
            {"name": "doejane", "label": "doejane-12345", "file": "a1-2.ipynb", "upload": 67890}
            | {"late": True},
        ),
        (
            "müllerjürgen_12345_67890_my_3_4_file.ipynb",
            {"name": "müllerjürgen", "label": "müllerjürgen-12345", "upload": 67890}
            | {"file": "my_3_4_file.ipynb"},
        ),
        ("doejane_12345_text.html", {"name": "doejane", "label": "doejane-12345"}),
        ("_12345_67890_a1.ipynb", {"label": "12345", "file": "a1.ipynb", "upload": 67890}),
        (
            "007_12345_67890_a1.ipynb",
            {"name": "007", "label": "007-12345", "file": "a1.ipynb", "upload": 67890},
        ),
    ],
)
def test_canvas_names(path, told):
    assert facts(path) == ("canvas", {"platform_id": "12345"} | told)


@pytest.mark.parametrize(("late", "prefix"), [(False, ""), (True, "LATE_")])
def test_anonymous_canvas_names(late, prefix):
    told = {"platform_id": "anon_x9Yz1", "label": "anon_x9Yz1", "file": "a1.ipynb", "upload": 5}
    found = facts(f"{prefix}anon_x9Yz1_5_a1.ipynb")
    assert found == ("canvas", told | ({"late": True} if late else {}))


@pytest.mark.parametrize("between", ["_/", "/", "_"])
@pytest.mark.parametrize("file", ["a1.ipynb", "a_b (1).ipynb"])
def test_moodle_names(between, file):
    found = facts(f"Jane Doe_123_assignsubmission_file{between}{file}")
    told = {"platform_id": "123", "name": "Jane Doe", "label": "Jane Doe", "file": file}
    assert found == ("moodle", told)


def test_moodle_folders_texts_and_teams():
    assert facts("A B_1_assignsubmission_file_/x/y.ipynb")[1]["file"] == "x/y.ipynb"
    assert facts("A B_1_assignsubmission_onlinetext/onlinetext.html")[1]["label"] == "A B"
    assert facts("Default group_assignsubmission_file/a1.ipynb")[1]["label"] == "Default group"


@pytest.mark.parametrize("end", ["/", " - ", " -/"])
@pytest.mark.parametrize("name", ["Jane Doe", "Doe, Jane", "Jane - Anne Doe", "Müller-Li, 伟"])
@pytest.mark.parametrize("time", ["Nov 20, 2026 1156 PM", "Nov 20, 2026 11:56 PM"])
def test_brightspace_names(name, time, end):
    found = facts(f"111-999 - {name} - {time}{end}my 2026 - a1.ipynb")
    told = {"platform_id": "111", "name": name, "label": name, "file": "my 2026 - a1.ipynb"}
    assert found == ("brightspace", told | {"time": time})


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["7-1 - A - May 1, 2026 926 AM/x", "7-2 - B - May 1, 2026 926 AM/x"], {"1", "2"}),
        (["1-7 - A - May 1, 2026 926 AM/x", "2-7 - B - May 1, 2026 926 AM/x"], {"1", "2"}),
        (["7-1 - A - May 1, 2026 926 AM/x", "7-2 - A - May 1, 2026 926 AM/x"], {"1", "2"}),
        (["1-7 - A - May 1, 2026 926 AM/x", "1-7 - A - May 2, 2026 926 AM/x"], {"1"}),
    ],
)
def test_brightspace_number_is_the_one_that_differs_between_people(paths, ids):
    names = read_names(paths).values()
    assert {named.platform_id for named in names} == ids
    assert len({named.label for named in names}) == len(ids)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("Nov 20, 2026 1156 PM", "UTC", "2026-11-20 23:56:00"),
        ("Nov 20, 2026 11:56 PM", "UTC", "2026-11-20 23:56:00"),
        ("Nov 20, 2026 926 AM", "UTC", "2026-11-20 09:26:00"),
        ("Nov 20, 2026 1205 AM", "UTC", "2026-11-20 00:05:00"),
        ("20 November 2026 2156", "UTC", "2026-11-20 21:56:00"),
        ("Nov 20, 2026 1156 PM", "America/Toronto", "2026-11-21 04:56:00"),
        ("Jul 20, 2026 1156 PM", "America/Toronto", "2026-07-21 03:56:00"),
    ],
)
def test_platform_times_are_read_in_their_zone(text, zone, expected):
    assert platform_time(text, zone) == expected


@pytest.mark.parametrize("text", ["sometime 2026", "Nov 31, 2026 1156 PM", "Nov 20, 2026 2599 PM"])
def test_platform_time_that_is_none_is_not_guessed(text):
    with pytest.raises(ValueError, match=r"\w"):
        platform_time(text)


def test_two_of_one_name_get_their_numbers_and_nobody_else():
    names = read_names(f"{who}_assignsubmission_file/x" for who in ("A_1", "A_2", "B_3"))
    assert [named.label for named in names.values()] == ["A-1", "A-2", "B"]


def test_same_name_in_two_unicode_forms_is_the_same_name():
    names = read_names(f"{who}_assignsubmission_file/x" for who in ("Jose\u0301_1", "José_1"))
    assert {named.label for named in names.values()} == {"José"}


@pytest.mark.parametrize(
    "path", ["alice/a1/a1.ipynb", "a1.ipynb", "alice/doe_1_2_a1.ipynb", "doe_1_a1.ipynb", ""]
)
def test_names_of_no_platform_are_not_taken_for_one(path):
    assert read_names([path]) == {}


def test_what_lies_beside_a_download_does_not_disturb_it():
    found = read_names(["doe_1_2_a1.ipynb", "index.html", "grades.csv"])
    assert list(found) == ["doe_1_2_a1.ipynb"]


@pytest.mark.parametrize(
    "other",
    ["x.ipynb", "A_1_assignsubmission_file/x.ipynb", "1-2 - A - May 1, 2026 926 AM/notes.txt"],
)
def test_mixed_names_are_refused_in_one_sentence(other):
    with pytest.raises(UnknownNames, match=r"as Canvas does it and .* is not") as refusal:
        read_names(["doe_1_2_a1.ipynb", other])
    assert "\n" not in str(refusal.value)


def test_nbgraders_own_zip_collector_can_use_them():
    assert CanvasNames().collect("/in/doejane_LATE_12_34_a1.ipynb") == {
        "student_id": "doejane-12",
        "file_id": "a1.ipynb",
    }
    assert MoodleNames().collect("/in/A B_1_assignsubmission_file_/a1.ipynb") == {
        "student_id": "A B",
        "file_id": "a1.ipynb",
    }
    assert BrightspaceNames().collect("/in/1-2 - A - Nov 20, 2026 926 PM/a1.ipynb") == {
        "student_id": "A",
        "file_id": "a1.ipynb",
        "timestamp": "2026-11-20 21:26:00",
    }
    assert CanvasNames().collect("/in/readme.ipynb") is None


@given(st.text(max_size=60), st.sampled_from(["", "_1_2_", "_assignsubmission_file/", " - 2026/"]))
def test_any_name_is_read_or_not(text, middle):
    for named in read_names([f"{text}{middle}x.ipynb"]).values():
        assert named.label
        assert named.file


@pytest.mark.parametrize("text", ["_1" * 3000, "1-1 - " + "a - 2026 - " * 500, "a_" * 3000])
def test_long_names_end(text):
    assert len(read_names([text])) <= 1
