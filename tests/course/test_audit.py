"""The audit finds every way in which a hidden check can be worthless."""

import json
import os
from dataclasses import replace

import pytest

from autograder import audit, source
from autograder.check import Check, close


def audited(tiny, **options):
    notebook = source.read(tiny.path, tiny.checks)
    given = {"mutants": tiny.mutants, "notebook": notebook, "checks": tiny.checks}
    return audit.audit("tiny", processes=2, **{"unavailable": (), **given, **options})


def plant(tiny, name, code):
    (tiny.mutants / "double" / f"{name}.py").write_text(code)


def test_a_sound_assignment_passes_and_is_counted(tiny):
    result = audited(tiny)
    assert result.problems == []
    assert result.summary() == {
        "checks": 1,
        "points": 2,
        "reference": 2,
        "empty": 0,
        "mutants": {"total": 2, "killed": 2},
        "alternatives": {"total": 2, "accepted": 2},
    }
    assert "double has 2 mutants, fewer than 4." in result.notes


def test_an_alternative_in_a_cells_folder_is_for_all_checks_of_the_cell(tiny):
    checks = {name: replace(tiny.checks["double"], id=name) for name in ("small", "large")}
    code = "# Different: a shift.\ndef double(number):\n    return number << 1\n"
    plant(tiny, "right_shift", code)
    notebook = source.read(tiny.path, tiny.checks)
    problems = []
    found = audit.variants(tiny.mutants, notebook, checks, problems)
    assert {v.check for v in found if v.name == "right_shift"} == {"small", "large"}
    assert not any(v.kind == "wrong" for v in found), "a mutant is for one check"
    assert sum("wrong_" in problem for problem in problems) == 2


def test_a_surviving_mutant_is_found(tiny):
    # Right for the numbers that the check asks for, wrong for others.
    code = "# Wrong from 10 on.\ndef double(number):\n    return 2 * number if number < 10 else 0\n"
    plant(tiny, "wrong_large", code)
    result = audited(tiny)
    assert result.problems == ["double/wrong_large survives."]
    assert result.summary()["mutants"] == {"total": 3, "killed": 2}


def test_a_rejected_alternative_is_found(tiny):
    plant(
        tiny, "right_text", "# Different: text.\ndef double(number):\n    return f'{2 * number}'\n"
    )
    result = audited(tiny)
    assert len(result.problems) == 1
    assert result.problems[0].startswith("double/right_text is rejected: ")
    assert result.summary()["alternatives"] == {"total": 3, "accepted": 2}


def test_an_alternative_that_only_the_visible_test_rejects_is_found(tiny):
    tiny.path.write_text(tiny.text.replace("(double(4), 8,", "(type(double(4)), int,"))
    code = "# Different: a float.\ndef double(number):\n    return 2.0 * number\n"
    plant(tiny, "right_float", code)
    result = audited(tiny)
    assert any("right_float is rejected by the visible test" in p for p in result.problems)


def test_an_empty_notebook_that_scores_is_found(tiny):
    def forgiving(student, rng):
        if not isinstance(student, object):
            raise AssertionError

    tiny.checks["double"] = Check("double", 2.0, "double", forgiving)
    problems = audited(tiny).problems
    assert "double: the empty notebook scores 2." in problems
    assert "double/wrong_square survives." in problems


def test_a_reference_that_loses_is_found(tiny):
    def mistaken(student, rng):
        close(student.call("double", 3), 7)

    tiny.checks["double"] = Check("double", 2.0, "double", mistaken)
    problems = audited(tiny).problems
    assert any(p.startswith("double: the reference loses") for p in problems)


def test_a_check_that_crashes_is_found(tiny):
    def crashing(student, rng):
        student.call("double", 3)
        raise KeyError("a slip of the instructor's")

    tiny.checks["double"] = Check("double", 2.0, "double", crashing)
    problems = audited(tiny).problems
    assert any("wrong_once is a bad mutant: the check crashed" in p for p in problems)


def test_a_verdict_that_depends_on_the_draw_is_found(tiny):
    def lucky(student, rng):
        number = 2 + 3 * (rng.initial_seed() % 2)
        close(student.call("double", number), 2 * number)

    tiny.checks["double"] = Check("double", 2.0, "double", lucky)
    assert "double/wrong_square survives." in audited(tiny).problems


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("# No Python.\ndef double(number:\n", "its cell fails: SyntaxError"),
        ("# Fails at once.\nraise ValueError('no')\n", "its cell fails: ValueError"),
        ("# Misspelt.\ndef double(number):\n    return numbr\n", "it raised NameError"),
        ("# Slow.\ndef double(number):\n    while True:\n        pass\n", "it hangs, and"),
        ("# Gone.\ndef double(number):\n    import os\n    os._exit(0)\n", "it dies, and"),
    ],
)
def test_a_mutant_that_proves_nothing_is_reported(code, reason, tiny, monkeypatch):
    monkeypatch.setattr(audit, "CALL_TIMEOUT", 0.5)
    plant(tiny, "wrong_useless", code)
    result = audited(tiny, timeout=10.0)
    assert len(result.problems) == 1, result.problems
    assert result.problems[0].startswith(f"double/wrong_useless is a bad mutant: {reason}")


def test_a_mutant_that_is_meant_to_hang_counts(tiny, monkeypatch):
    monkeypatch.setattr(audit, "CALL_TIMEOUT", 0.5)
    plant(tiny, "wrong_loop", "# hangs\ndef double(number):\n    while True:\n        pass\n")
    assert audited(tiny).problems == []


def test_a_loop_in_the_cell_itself_ends_with_the_time_limit(tiny):
    plant(tiny, "wrong_loop", "# hangs when it is defined\nwhile True:\n    pass\n")
    assert audited(tiny, timeout=3.0).problems == []


def test_the_same_code_in_other_clothes_is_reported(tiny):
    plant(
        tiny,
        "right_reference",
        "# Different: not at all.\ndef double(number):\n    return number + number  # so\n",
    )
    problem = "double/right_reference is the same code as the reference."
    assert problem in audited(tiny).problems


def test_a_file_that_is_neither_wrong_nor_right_is_reported(tiny):
    plant(tiny, "worng_once", "# Mistyped.\ndef double(number):\n    return number\n")
    assert any("worng_once.py is neither" in p for p in audited(tiny).problems)


def test_mutants_of_an_unknown_check_are_reported(tiny):
    os.rename(tiny.mutants / "double", tiny.mutants / "duoble")
    assert any("lies in no folder of a check" in p for p in audited(tiny).problems)


def test_given_code_that_needs_a_students_answer_is_reported(tiny):
    tiny.path.write_text(tiny.text.replace(":tags: [experiment]\n\n", ""))
    problems = audited(tiny).problems
    assert any("the given cell 'given-2' needs a student's answer" in p for p in problems)


def test_a_missing_answer_that_costs_another_question_is_reported(tiny):
    tiny.checks["other"] = Check("other", 1.0, "elsewhere", tiny.checks["double"].function)
    text = tiny.text.replace("(double(4), 8", "(4, 4") + (
        "\n```{code-cell} ipython3\n:solution: elsewhere\n### BEGIN SOLUTION\nother = 1\n"
        "### END SOLUTION\n```\n\n```{code-cell} ipython3\n:visible: elsewhere\nother\n```\n\n"
        '```{code-cell} ipython3\n:grade: other\ngrade("other")\n```\n'
    )
    tiny.path.write_text(text)
    problems = [p for p in audited(tiny).problems if "blank" in p]
    assert len(problems) == 1
    assert problems[0].startswith("other loses when only 'double' is blank: ")


def test_the_guide_shows_the_table_of_a_check_with_a_hole(tiny):
    code = "# Right up to 9.\ndef double(number):\n    return 2 * number if number < 10 else 0\n"
    plant(tiny, "wrong_large", code)
    guide = source.ROOT / "book" / "instructor" / "writing-checks.md"
    assert audit.table(audited(tiny)) in guide.read_text() + "\n"


LEANING = """# Different: leans on a module that students do not have.
from statistics import mean

def double(number):
    from statistics import mean
    return 2 * mean([number])
"""


def test_a_solution_that_leans_on_an_unavailable_module_is_found(tiny):
    plant(tiny, "right_mean", LEANING)
    assert audited(tiny).problems == []
    (problem,) = audited(tiny, unavailable=("statistics",)).problems
    assert "right_mean does not run: ModuleNotFoundError" in problem
    plant(tiny, "right_mean", LEANING.replace("from statistics import mean\n\n", ""))
    (problem,) = audited(tiny, unavailable=("statistics",)).problems
    assert "right_mean is rejected" in problem


def test_the_table_shows_what_happened(tiny):
    text = audit.table(audited(tiny))
    assert "double" in text
    assert "2/2" in text
    assert text.endswith("tiny: every cell is right.\n")


def test_the_json_report_is_written_whole(tmp_path):
    audit._write_json(tmp_path / "deep" / "audit.json", {"a": {"checks": 1}})
    assert json.loads((tmp_path / "deep" / "audit.json").read_text()) == {"a": {"checks": 1}}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["audit.json"]
