"""The grader of the final project: a LaTeX report with its sources and its results file."""
