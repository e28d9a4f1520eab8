"""Run records: the JSON files in `book/results/` that every recorded number comes from."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "book" / "results"
LIBRARIES = ("numpy", "torch", "torchvision")
FIELDS = ("name", "command", "seeds", "commit", "versions", "hardware", "seconds", "results")


def save(
    name: str,
    results: dict[str, Any],
    *,
    command: str,
    seeds: list[int],
    seconds: float,
    folder: Path | None = None,
) -> Path:
    """Write `results` with what is needed to repeat the run, all of it or nothing."""
    record = {
        "name": name,
        "command": command,
        "seeds": seeds,
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        "hardware": hardware(),
        "seconds": round(seconds, 1),
        "results": results,
    }
    path = (folder or FOLDER) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".json.part")
    temporary.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    os.replace(temporary, path)
    return path


def load(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Read the run record `name`."""
    path = (folder or FOLDER) / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise FileNotFoundError(
            f"There is no run record '{name}' in {path.parent}: it has {known}."
        )
    record = json.loads(path.read_text())
    missing = [field for field in FIELDS if field not in record]
    if missing:
        raise ValueError(f"The run record {path} lacks {', '.join(missing)}: write it again.")
    return record


def commit() -> str:
    """Return the commit the code was run from, marked `+` if the work tree had changes."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    run = subprocess.run(
        ["git", *arguments], cwd=FOLDER.parent.parent, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def hardware() -> dict[str, Any]:
    """Describe the processor, the cores in use and the accelerator if there is one."""
    import torch

    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"processor": _processor(), "cores": os.cpu_count(), "accelerator": accelerator}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
