"""json, base64, safetensors and the type checks of the student's process are replaced."""

# ---
# threat: the process's own tools replaced
# scores: {twice: 0}
# causes: {twice: timeout}
# limits: {cell_seconds: 2}
# shows: TimeoutError
# ---

# %% twice
import base64
import json

import safetensors.torch

print("about to replace json", flush=True)
json.dumps = lambda *args, **kwargs: '{"value": true, "score": 3}'
base64.b64encode = lambda data: b"AAAA"
safetensors.torch.save = lambda *args, **kwargs: b""
