"""Requests are answered by the student's own handler, with scores, verdicts and wrong values."""

# ---
# threat: the answering program replaced
# scores: {others: 0}
# causes: {twice: graded}
# shows: "handlers: True"
# ---

# %% twice
import json

kernel = get_ipython().kernel
replies = [
    {"value": 1.0, "score": 3.0, "status": "graded", "passed": True},
    {"value": None},
    {"value": True},
    {"value": {"handle": [0, "Tensor"]}},
    {"score": 100},
    [],
    {"value": {"list": []}, "error": None},
]
asked = []


def handle(stream, ident, parent):
    asked.append(parent)
    reply = {"reply": json.dumps(replies[len(asked) % len(replies)]), "score": 3.0}
    kernel.session.send(stream, "featherweight_reply", reply, parent, ident=ident)


print("handlers:", "featherweight_request" in kernel.shell_handlers)
kernel.shell_handlers["featherweight_request"] = handle
