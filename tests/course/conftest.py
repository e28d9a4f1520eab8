"""A tiny assignment that the tests of the instructor's tools change as they need."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.check import Check, close

SOURCE = '''\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A tiny assignment

Fold your hints:

```python
double(4)  # this block is no cell
```

```{code-cell} ipython3
from featherweight import expect
```

```{code-cell} ipython3
:solution: double

def double(number):
    """Twice the number."""
    ### BEGIN SOLUTION
    return number + number
    ### END SOLUTION
```

```{code-cell} ipython3
:visible: double

expect.equal(double(4), 8, hint="twice as much.")
```

```{code-cell} ipython3
:grade: double

grade("double")
```

+++ {"written": "why", "points": 3}

### BEGIN SOLUTION
Because it is twice as much.
### END SOLUTION

+++

Look at it:

```{code-cell} ipython3
:tags: [experiment]

print(double(21))
```
'''

WRONG = {
    "wrong_square": "# Squares.\ndef double(number):\n    return number * number\n",
    "wrong_once": "# Forgets to add.\ndef double(number):\n    return number\n",
}
RIGHT = {
    "right_product": "# Different: a product.\ndef double(number):\n    return 2 * number\n",
    "right_sum": "# Different: sum.\ndef double(number):\n    return sum([number, number])\n",
}


def _double(student, rng):
    for number in (3, 7):
        close(student.call("double", number), 2 * number)


@pytest.fixture
def tiny(tmp_path: Path) -> SimpleNamespace:
    """A source file, its registry of checks, and a folder of mutants to write into."""
    path = tmp_path / "tiny" / "tiny.md"
    path.parent.mkdir()
    path.write_text(SOURCE)
    mutants = tmp_path / "mutants"
    (mutants / "double").mkdir(parents=True)
    for name, code in (WRONG | RIGHT).items():
        (mutants / "double" / f"{name}.py").write_text(code)
    checks = {"double": Check("double", 2.0, "double", _double)}
    return SimpleNamespace(path=path, text=SOURCE, checks=checks, mutants=mutants)
