"""Take the README's pictures of a built page and of the class report: `make pictures` runs it."""

import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent
BUILD = FOLDER.parents[1] / "_build"
LARGEST = 300_000  # bytes


@dataclass(frozen=True)
class Picture:
    """What is shown: a file of the build, the element at the top of the view, its height."""

    name: str
    shows: Path
    top: str
    height: int


PICTURES = (
    Picture("page", BUILD / "html/book/pruning/magnitude-pruning.html", "figure", 800),
    Picture(
        "class-report",
        BUILD / "sample-class/graded/a1-magnitude-pruning/report.html",
        "h1",
        800,
    ),
)


def take(page: Page, picture: Picture) -> bytes:
    """The picture as lossless or, if that is too large, compressed WebP."""
    if not picture.shows.exists():
        sys.exit(f"{picture.shows} is not there: run `make course` first.")
    page.set_viewport_size({"width": 1280, "height": picture.height})
    page.goto(picture.shows.as_uri())
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "top => window.scrollTo(0, document.querySelector(top).getBoundingClientRect().top - 80)",
        f"main {picture.top}, {picture.top}",
    )
    page.wait_for_timeout(500)
    return compressed(Image.open(io.BytesIO(page.screenshot())))


def compressed(image: Image.Image) -> bytes:
    """The best WebP that is small enough."""
    for options in ({"lossless": True}, {"quality": 90}, {"quality": 75}, {"quality": 50}):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", method=6, **options)
        if buffer.tell() <= LARGEST:
            return buffer.getvalue()
    sys.exit(f"no WebP of this picture has at most {LARGEST} bytes")


def main() -> None:
    """Take all pictures."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(color_scheme="light")
        for picture in PICTURES:
            content = take(page, picture)
            (FOLDER / f"{picture.name}.webp").write_bytes(content)
            print(f"{picture.name}.webp: {len(content) / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
