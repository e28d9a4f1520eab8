"""The browser of the tests that look at pages: where it is, and how a test asks for it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed: apt install chromium"),
]


def in_a_browser(test: Any) -> Any:
    """Mark a test that needs Chromium."""
    for mark in MARKS:
        test = mark(test)
    return test


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without any window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()
