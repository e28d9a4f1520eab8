"""Replies to checks of a hundred and fifty megabytes, which no limit of the student's process
stops.
"""

# ---
# threat: an answer too large
# scores: {scale: 0}
# limits: {call_seconds: 10}
# ---

# %% scale
kernel = get_ipython().kernel
true_handler = kernel.shell_handlers["featherweight_request"]


def handle(stream, ident, request):
    if '"scale"' not in str(request["content"]):
        return true_handler(stream, ident, request)
    kernel.session.send(
        stream, "featherweight_reply", {"reply": "x" * (15 * 10**7)}, request, ident=ident
    )


kernel.shell_handlers["featherweight_request"] = handle


def scale(weight, factor):
    return weight
