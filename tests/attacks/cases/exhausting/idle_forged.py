"""The kernel says that it is idle, again and again, before and after its work is done."""

# ---
# threat: endless output
# limits: {cell_seconds: 5}
# scores: {mean: 0}
# causes: {mean: cell-error}
# shows: machinery was changed
# ---

# %% mean
import time

kernel = get_ipython().kernel
for _ in range(1000):
    kernel.session.send(
        kernel.iopub_socket,
        "status",
        {"execution_state": "idle"},
        parent=kernel.get_parent("shell"),
    )
time.sleep(2)


def mean(values):
    return 0
