"""Replies are sent before there is a request, with invented and with remembered parents."""

# ---
# threat: the answering program replaced
# scores: {scale: 0}
# shows: "sent 300 early replies"
# ---

# %% scale
import json

kernel = get_ipython().kernel
forged = {"reply": json.dumps({"value": 1.0})}
parent, identities = kernel.get_parent("shell"), kernel._parent_ident["shell"]
session_id = parent["header"]["session"]
for number in range(100):
    invented = {"header": {**parent["header"], "msg_id": f"{session_id}_{number}"}}
    for ancestor in (parent, invented, {}):
        kernel.session.send(
            kernel.shell_stream, "featherweight_reply", forged, ancestor, ident=identities
        )
print("sent 300 early replies")


def scale(weight, factor):
    return weight
