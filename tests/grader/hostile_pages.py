"""Verdicts for the tests of reports, and texts that try to run, to load or to cover a page."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)><script>alert(2)</script></svg>',
    "</style></script></title><script>alert(1)</script>",
    "<iframe src='http://127.0.0.1:9/frame'></iframe><object data='http://127.0.0.1:9/o'></object>",
    "<form action='http://127.0.0.1:9/'><input autofocus onfocus=alert(1)><button>x</button>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'><base href='http://127.0.0.1:9/'>",
    "<style>*{display:none} body{background:url(http://127.0.0.1:9/b)}</style>"
    "<link rel=stylesheet href='http://127.0.0.1:9/c'>",
    "<div style='position:fixed;inset:0;background:red'>covered</div>",
    "<a href='javascript:alert(1)'>x</a><a href='data:text/html,<script>alert(1)</script>'>y</a>",
    "[x](javascript:alert(1)) ![x](http://127.0.0.1:9/i.png)",
    "`<b>` ``<img src=x onerror=alert(1)>`` `{{ 7*7 }}` {% raw %}",
    "$\\def\\x{\\x\\x}\\x$ \\href{javascript:alert(1)}{x} $\\require{html}\\style{top:0}{x}$",
    "\x1b[31mred\x1b[0m \x1b]8;;http://127.0.0.1:9/\x07link\x1b]8;;\x07 \u202egnp.exe",
    "../../../etc/passwd\0%2e%2e%2f?#&=\"'",
]
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)" width="9" height="9">'
    '<script>alert(2)</script><image href="http://127.0.0.1:9/i.png"/>'
    '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(3)"/>'
    "</foreignObject></svg>"
)


def outputs() -> list[dict]:
    """Every kind of output, with everything hostile in it."""
    everything = "\n".join(HOSTILE)
    data = [
        {"text/html": everything, "text/plain": everything},
        {"text/html": SVG},
        {"image/svg+xml": SVG},
        {"text/markdown": everything},
        {"text/latex": everything},
        {"application/javascript": "alert(1)", "text/plain": everything},
        {"image/png": '"><script>alert(1)</script>'},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}},
    ]
    shown = [
        {"output_type": "display_data", "data": d, "metadata": {"width": "1 onload=alert(1)"}}
        for d in data
    ]
    error = {"output_type": "error", "ename": HOSTILE[0], "evalue": HOSTILE[1]}
    stream = {"output_type": "stream", "name": "stdout", "text": everything}
    return [*shown, stream, error | {"traceback": HOSTILE}]


def verdict(
    student: str = "ada",
    *,
    status: str = "graded",
    cause: str = "graded",
    status_of_check: str = "",
    message: str = "",
    detail: str = "",
    score: float = 1.0,
    source: str = "def double(x):\n    return x",
    essay: str = "Because.",
    results: list[dict] | None = None,
) -> dict:
    """The verdict on a submission with one check of two points and one answer in prose of four."""
    refused = status != "graded"
    row = {"check": "double", "cell": "double", "max_score": 2.0}
    row |= {"score": 0.0 if refused or cause != "graded" else score}
    row |= {"status": status_of_check or (status if refused else cause)}
    return {
        "student": student,
        "assignment": "small",
        "status": status,
        "timestamp": "2026-01-02 10:00:00",
        "checks": [row | {"message": message, "detail": detail}],
        "notebook": notebook(source, essay, results or []),
        "notes": [],
        "seconds": 1.5,
        "sandbox": True,
        "flags": [],
        "written": {"essay": 4.0},
    }


def notebook(source: str, essay: str, results: list[dict]) -> dict:
    def marks(name: str, **flags: object) -> dict:
        base = {"grade": False, "solution": False, "locked": False, "grade_id": name}
        return {"nbgrader": base | flags}

    cells = [
        new_markdown_cell("## Double it"),
        new_code_cell(source, metadata=marks("double", solution=True)),
        new_code_cell(
            'HIDDEN = 1\ngrade("double")', metadata=marks("check-double", grade=True, points=2)
        ),
        new_markdown_cell(essay, metadata=marks("essay", grade=True, solution=True, points=4)),
    ]
    cells[1]["outputs"] = results
    return dict(new_notebook(cells=[dict(cell) for cell in cells]))
