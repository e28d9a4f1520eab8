"""The automatic criteria of the project's rubric, each a function of the report."""
