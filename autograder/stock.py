"""The hidden line of a graded cell when stock nbgrader runs it in the student's own kernel.

nbgrader reads the score from the cell's output: the first `execute_result` that reads as a float,
and 0 as soon as anything stands on stderr. So `grade` is the last expression of its cell, returns
a float for every outcome, and lets nothing through to stderr. It is as unprotected as nbgrader
itself: whoever must not be able to forge a score is graded with `autograder grade`.
"""

import contextlib
import sys
from typing import Any

UNPROTECTED = "checked in the student's own kernel: this score is unprotected"
KEY = b"stock nbgrader"


def grade(assignment: str, check_id: str, namespace: dict[str, Any] | None = None) -> float:
    """Run one check on the caller's namespace and return its score for nbgrader to record."""
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    with contextlib.redirect_stderr(sys.stdout):
        from autograder.check import registry, run_check
        from autograder.student import LocalStudent

        found = registry(assignment)[check_id]
        result = run_check(found, LocalStudent(namespace), KEY, assignment)
    print(f"{check_id}: {result.score:g} of {result.max_score:g} points ({UNPROTECTED}).")
    if result.message:
        print(result.message)
    if result.detail:
        print(result.detail)
    return float(result.score)
