"""No threat without a test: the list names them all, the cases and tests hold them."""

import ast
from pathlib import Path

import pytest
import yaml

from tests.attacks.case import BadCase, all_cases, read_case

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
THREATS = yaml.safe_load((HERE / "threats.yaml").read_text(encoding="utf-8"))


def elsewhere(told: str | dict) -> list[str]:
    """The tests that hold a threat outside of this folder's cases."""
    return told["tests"] if isinstance(told, dict) else []


LISTED = [(group, threat) for group, threats in THREATS.items() for threat in threats]
NAMED = [name for told in THREATS.values() for entry in told.values() for name in elsewhere(entry)]


@pytest.mark.parametrize(("group", "threat"), LISTED)
def test_threat_is_held_by_a_case_or_a_test(group, threat):
    cases = [case for case in all_cases() if (case.group, case.threat) == (group, threat)]
    assert cases or elsewhere(THREATS[group][threat])


def test_case_names_a_threat_of_its_group():
    unknown = {c.name: c.threat for c in all_cases() if c.threat not in THREATS[c.group]}
    assert not unknown


@pytest.mark.parametrize("name", NAMED)
def test_test_that_is_named_exists(name):
    file, _, function = name.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert function in functions if function else any(f.startswith("test_") for f in functions)


HEAD = '"""What is attempted."""\n\n# ---\n# threat: x\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# %% mean\n1\n", "does not begin"),
        (f"{HEAD}# score: {{mean: 0}}\n# ---\n\n# %% mean\n1\n", "unknown keys"),
        (f"{HEAD}# ---\n\n# %% maen\n1\n", "unknown name"),
        (f"{HEAD}# ---\n", "no cell"),
    ],
)
def test_case_that_is_written_wrongly_is_an_error(tmp_path, monkeypatch, text, said):
    monkeypatch.setattr("tests.attacks.case.CASES", tmp_path)
    (tmp_path / "case.py").write_text(text)
    with pytest.raises(BadCase, match=said):
        read_case(tmp_path / "case.py")
