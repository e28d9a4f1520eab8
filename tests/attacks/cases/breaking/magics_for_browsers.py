"""Cell magics that write JavaScript, HTML and SVG."""

# ---
# threat: script in outputs or names
# scores: {mean: 0}
# ---

# %% mean
# The answer's first line has to be the magic itself.

# %% [notebook]
for cell in notebook["cells"]:
    if cell["metadata"].get("nbgrader", {}).get("grade_id") == "mean":
        cell["source"] = "%%javascript\nalert(1)\nrequire(['x'])"
magics = ("%%html\n<script>alert(1)</script>", "%%svg\n<svg onload='alert(1)'/>", "%%latex\n$x$")
for magic in magics:
    notebook["cells"].append({"cell_type": "code", "source": magic, "metadata": {}})
