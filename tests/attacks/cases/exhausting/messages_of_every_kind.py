"""Widgets' messages, states of the kernel and messages that nobody knows, by the thousand."""

# ---
# threat: endless output
# limits: {cell_seconds: 60}
# shows: more output than
# ---

# %% mean
kernel = get_ipython().kernel
contents = {
    "comm_open": {"comm_id": "x", "target_name": "jupyter.widget", "data": {"state": "x" * 1000}},
    "comm_msg": {"comm_id": "x", "data": {"method": "update", "state": {"value": "x" * 1000}}},
    "status": {"execution_state": "busy"},
    "clear_output": {"wait": True},
    "execute_input": {"code": "3.0", "execution_count": 1},
    "unknown": {"nested": [[[[{}]]]]},
    "kernel_info_reply": {"status": "ok"},
}
for number in range(1_000):
    for kind, content in contents.items():
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent("shell"))


def mean(values):
    return sum(values) / len(values)
