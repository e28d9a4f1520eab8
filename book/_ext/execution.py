"""How pages are executed: a cache that notices a changed lab bench, and no way to another host.

jupyter-cache runs a page again when its code changed. It cannot know that the page reads a data
file or calls the `featherweight` package. So the cache lives in a folder named after everything
else a page depends on: when that changes, the pages run again.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

LIBRARIES = ("torch", "torchvision", "numpy", "matplotlib")
INPUTS = (
    "featherweight/**/*.py",
    "featherweight/**/*.js",
    "featherweight/**/*.safetensors",
    "featherweight/datasets/**/*",
    "book/**/*.csv",
    "book/**/*.json",
)
CACHES_KEPT = 3


def dependencies(root: Path) -> str:
    """A short digest of all that a page depends on besides its own code."""
    digest = hashlib.sha256()
    names = [platform.python_version(), os.environ.get("FEATHERWEIGHT_SCALE", "quick")]
    names += [f"{library} {version(library)}" for library in LIBRARIES]
    digest.update("\n".join(names).encode())
    files = {path for pattern in INPUTS for path in root.glob(pattern) if path.is_file()}
    for path in sorted(files):
        if "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Name the cache folder after the dependencies and drop the oldest ones."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    cache = caches / dependencies(Path(app.srcdir))
    cache.mkdir(parents=True, exist_ok=True)
    os.utime(cache)
    for old in sorted(caches.iterdir(), key=lambda path: -path.stat().st_mtime)[CACHES_KEPT:]:
        shutil.rmtree(old)
    config["nb_execution_cache_path"] = str(cache)


def prepare_environment(app: Sphinx, config: Config) -> None:
    """What the kernels inherit: no window system, no telemetry, the scale of the experiments.

    Threads that wait without spinning cost nothing on an idle machine, and on a busy one they make
    small networks many times faster.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["MPLBACKEND"] = "agg"
    os.environ.setdefault("FEATHERWEIGHT_SCALE", "quick")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TQDM_DISABLE"] = "1"


def drop_live_code(app: Sphinx, config: Config) -> None:
    """Jupyter Book always adds Thebe, which offers to run cells on another host; take it out."""
    for event, listeners in app.events.listeners.items():
        kept = [it for it in listeners if not it.handler.__module__.startswith("sphinx_thebe")]
        app.events.listeners[event] = kept
    app.registry.css_files = [file for file in app.registry.css_files if "thebe" not in file[0]]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", choose_cache)
    app.connect("config-inited", prepare_environment)
    app.connect("config-inited", drop_live_code, priority=0)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
