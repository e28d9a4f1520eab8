"""Run a notebook's experiments, and say in one sentence which answer one still waits for."""

import traceback
from collections.abc import Callable
from typing import Any


def experiment(cell: Callable[[], Any]) -> None:
    """Run `cell` and show what it returns; say in one sentence what kept it from running."""
    try:
        shown = cell()
    except NotImplementedError as error:
        missing = traceback.extract_tb(error.__traceback__)[-1].name
        print(f"This experiment waits for {missing}: write it, then run this cell again.")
    except Exception as error:
        print(f"This experiment stopped ({type(error).__name__}: {error}). Does the test pass?")
    else:
        if shown is not None:
            from IPython.display import display

            display(shown)
