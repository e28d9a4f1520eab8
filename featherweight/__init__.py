"""The lab bench of the course: data, models, training, measuring, plotting.

Submodules are imported by name (`from featherweight import data, models`); importing the
package itself costs nothing.
"""

import os

__version__ = "0.1.0"

SCALES = ("quick", "full")


def scale() -> str:
    """Return `quick` (two CPU cores, the default) or `full` (patience)."""
    value = os.environ.get("FEATHERWEIGHT_SCALE", "quick")
    if value not in SCALES:
        raise ValueError(f"FEATHERWEIGHT_SCALE is {value!r}; set it to 'quick' or 'full'.")
    return value


def cores() -> int:
    """The processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
