"""Make `texts.tsv` from the npm package cldr-annotations-full: `python make_texts.py FOLDER`."""

import hashlib
import json
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np

LANGUAGES = {
    "Hausa": "ha", "Igbo": "ig", "Kinyarwanda": "rw", "Northern Sotho": "nso", "Somali": "so",
    "Swahili": "sw", "Tswana": "tn", "Xhosa": "xh", "Yoruba": "yo", "Zulu": "zu",
}  # fmt: skip
SPLITS = {"train": 360, "val": 50, "test": 100}  # texts of each language
SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}  # of the symbols
SHORTEST, LONGEST = 24, 48  # characters
RAREST = 30  # a text with a rarer character than this is left out


def annotations(folder: Path, code: str) -> dict[str, tuple[str, list[str]]]:
    """The name and the keywords of each symbol in one language."""
    path = folder / "annotations" / code / "annotations.json"
    found = json.loads(path.read_text(encoding="utf-8"))["annotations"]["annotations"]
    return {
        symbol: (entry["tts"][0], entry.get("default", []))
        for symbol, entry in found.items()
        if entry.get("tts")
    }


def clean(text: str) -> str:
    """Lower case, composed characters, nothing but letters, apostrophes, hyphens and spaces.

    A mark that forms no composed character with its letter, as the tone on ọ, is left out.
    """
    text = unicodedata.normalize("NFC", text.lower()).replace("’", "'")
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w' -]|[\d_]", " ", text).split())


def described(name: str, keywords: list[str], english: set[str]) -> str:
    """The name of a symbol and its keywords, without English ones, as long as they fit."""
    parts = dict.fromkeys(clean(part) for part in [name, *keywords])
    text = ""
    for part in parts:
        longer = f"{text}, {part}" if text else part
        if part and part not in english and len(longer) <= LONGEST:
            text = longer
    return text


def texts(folder: Path) -> dict[str, dict[str, str]]:
    """For each language, the description of each symbol; no text stands there twice."""
    english = {
        clean(part)
        for name, keywords in annotations(folder, "en").values()
        for part in [name, *keywords]
    }
    found = {
        language: {s: described(*entry, english) for s, entry in annotations(folder, code).items()}
        for language, code in LANGUAGES.items()
    }
    times = Counter(text for entries in found.values() for text in entries.values())
    letters = Counter("".join(text for text in times))
    return {
        language: {
            symbol: text
            for symbol, text in entries.items()
            if times[text] == 1
            and len(text) >= SHORTEST
            and min(letters[letter] for letter in text) >= RAREST
        }
        for language, entries in found.items()
    }


def main(folder: Path) -> None:
    """Write the file: one line for each text, with its split and its language."""
    rng = np.random.default_rng(2026)
    found = texts(folder)
    symbols = rng.permutation(sorted({s for entries in found.values() for s in entries}))
    borders = np.cumsum([round(share * len(symbols)) for share in SHARES.values()])[:-1]
    lines = []
    for (split, number), part in zip(SPLITS.items(), np.split(symbols, borders), strict=True):
        rows = [
            f"{split}\t{language}\t{entries[symbol]}"
            for language, entries in found.items()
            for symbol in [s for s in part if s in entries][:number]
        ]
        assert len(rows) == number * len(LANGUAGES), "a language has too few texts"
        lines += rng.permutation(rows).tolist()
    path = Path(__file__).parent / "texts.tsv"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    print(hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
