"""How pages are executed: side by side, into a cache that notices a changed lab bench, and offline.

jupyter-cache runs a page again when its code changed. It cannot know that the page reads a data
file or calls the `featherweight` package. So the cache lives in a folder named after everything
else a page depends on: when that changes, the pages run again.

A build takes page after page, and a page computes on one core. So all pages that the build is
about to read are executed before, as many at a time as there are cores.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from featherweight import cores

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

logger = logging.getLogger(__name__)


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


def execute_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Put into the cache what the pages compute, several pages at a time.

    A page that fails is left out: the build comes to it, runs it again and reports the error.
    """
    cache = get_cache(app.config.nb_execution_cache_path)
    waiting = {name: page for name in docnames if (page := uncached(cache, env, name))}
    with ThreadPoolExecutor(cores()) as pool:
        runs = {pool.submit(execute, env, name, page): name for name, page in waiting.items()}
        for run in as_completed(runs):
            name, result = runs[run], run.result()
            if result.err is None:
                logger.info("%s: executed in %.1f seconds", name, result.time)
                found = CacheBundleIn(
                    result.nb, env.doc2path(name), data={"execution_seconds": result.time}
                )
                cache.cache_notebook_bundle(found, check_validity=False, overwrite=True)


def uncached(
    cache: JupyterCacheAbstract, env: BuildEnvironment, docname: str
) -> NotebookNode | None:
    """The page as a notebook, if it is one and the cache does not have it."""
    path = Path(env.doc2path(docname))
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
    if reader is None:
        return None
    page = reader.read(text)
    with suppress(KeyError):
        cache.match_cache_notebook(page)
        return None
    return page


def execute(env: BuildEnvironment, docname: str, page: NotebookNode) -> ExecutionResult:
    """Run a page in a kernel of its own, in the page's folder."""
    return single_nb_execution(
        page,
        cwd=str(Path(env.doc2path(docname)).parent),
        timeout=env.mystnb_config.execution_timeout,
        allow_errors=False,
    )


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
    app.connect("env-before-read-docs", execute_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
