"""Interactive figures that run in the static page without a kernel, and in JupyterLab with one.

A widget is one ES module with `export default { render }`, as anywidget defines it. JupyterLab runs
it through anywidget; on a page without a kernel the same module runs on the data that was computed
when the book was built.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

FOLDER = Path(__file__).resolve().parent

STATIC_PAGE = """<div class="fw-widget" id="{name}"></div>
<noscript><p>{fallback}</p></noscript>
<script type="module">
const module = await import(URL.createObjectURL(
  new Blob([{source}], {{ type: "text/javascript" }})));
const state = {state};
const model = {{
  get: (key) => state[key],
  set: (key, value) => {{ state[key] = value; }},
  on: () => {{}}, off: () => {{}}, save_changes: () => {{}},
}};
module.default.render({{ model, el: document.getElementById("{name}") }});
</script>
"""


@cache
def _widget_class(script: str) -> type:
    """The anywidget class that runs one script of this folder."""
    import anywidget
    import traitlets

    class Widget(anywidget.AnyWidget):
        _esm = FOLDER / script
        data = traitlets.Dict().tag(sync=True)
        position = traitlets.Float(0.0).tag(sync=True)

        def _repr_mimebundle_(self, **options: Any) -> Any:
            bundle = super()._repr_mimebundle_(**options)
            formats, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
            state = {"data": self.data, "position": self.position}
            return {**(formats or {}), "text/html": static_page(script, state)}, metadata

    return Widget


def static_page(script: str, state: dict[str, Any]) -> str:
    """HTML that runs the script on `state` without a kernel."""
    import hashlib

    text = json.dumps(state, allow_nan=False).replace("</", "<\\/")
    source = json.dumps((FOLDER / script).read_text()).replace("</", "<\\/")
    name = "w" + hashlib.sha256((script + text).encode()).hexdigest()[:10]
    fallback = state["data"]["fallback"]
    return STATIC_PAGE.format(name=name, source=source, state=text, fallback=fallback)


def threshold(
    weights: torch.Tensor,
    densities: Sequence[float],
    accuracies: Sequence[float],
    density: float = 0.3,
    num_bins: int = 60,
) -> Any:
    """A histogram of `weights` with a slider for the density that pruning keeps.

    `accuracies` (in percent) were measured at `densities`; the widget shows them, it does not
    interpolate between them.
    """
    magnitude = weights.detach().flatten().abs().sort().values
    limit = magnitude[int(0.999 * (len(magnitude) - 1))].item()
    counts = torch.histc(weights.detach().flatten(), num_bins, -limit, limit)
    steps = torch.linspace(0, len(magnitude) - 1, 201).round().long()
    data = {
        "limit": limit,
        "counts": counts.int().tolist(),
        "total": len(magnitude),
        "quantiles": [round(q, 6) for q in magnitude[steps].tolist()],
        "measured": sorted(zip(densities, accuracies, strict=True)),
        "fallback": "This figure needs JavaScript: it moves a threshold over a weight histogram.",
    }
    return _widget_class("threshold.js")(data=data, position=density)
