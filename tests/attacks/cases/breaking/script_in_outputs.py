"""Markup that would run in a browser, in every form of output that a notebook has."""

# ---
# threat: script in outputs or names
# ---

# %% mean
from IPython.display import HTML, SVG, Image, Javascript, Latex, Markdown, display

attack = "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"
attack += (
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><form action=//example.org><base href=//x>"
)
for kind in (HTML, Markdown, Latex):
    display(kind(attack))
display(Javascript("alert(1)"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>1</script></svg>"))
display({"image/png": "'\"><script>alert(1)</script>", "text/plain": attack}, raw=True)
display({"application/vnd.jupyter.widget-view+json": {"model_id": attack}}, raw=True)
print(attack)


def mean(values):
    return sum(values) / len(values)


# %% [notebook]
attack = "<script>alert(1)</script>\n# <img src=x onerror=alert(1)>\n[x](javascript:alert(1))"
for cell in notebook["cells"]:
    if cell["cell_type"] == "markdown":
        cell["source"] += attack
        cell["attachments"] = {"x.svg": {"image/svg+xml": attack}}
