"""Where nbgrader finds this course: `autograder release` first, then any nbgrader command."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "featherweight"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "_build/source"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "course/submitted"
c.CourseDirectory.autograded_directory = "course/autograded"
c.CourseDirectory.feedback_directory = "course/feedback"
c.CourseDirectory.db_url = f"sqlite:///{ROOT / 'course' / 'gradebook.db'}"

# What students find where an answer belongs; running it says what to do.
SENTENCE = "There is no answer yet: write it in place of this line."
STUB = f'# YOUR CODE HERE\nraise NotImplementedError("{SENTENCE}")'
c.ClearSolutions.code_stub = {"python": STUB}

# A given cell may train a small network.
c.Execute.timeout = 180
