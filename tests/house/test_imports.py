"""Importing the lab bench stays cheap: what only some pages need is imported where it is used."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "IPython",
    "PIL",
    "anywidget",
    "ipywidgets",
    "jupyter_client",
    "matplotlib",
    "nbformat",
    "nbgrader",
    "pandas",
    "scipy",
    "sklearn",
    "torchvision",
}


def modules_after(statement: str) -> set[str]:
    """Names of the packages that Python has loaded after a statement."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {name.split(".")[0] for name in json.loads(out.stdout)}


@pytest.mark.parametrize(
    "statement",
    [
        "import featherweight",
        "from featherweight import data, expect, measure, models, records, train, zoo",
    ],
)
def test_the_lab_bench_loads_no_heavy_package_beyond_torch(statement):
    beyond_torch = modules_after(statement) - modules_after("import torch")
    assert beyond_torch & HEAVY == set()
