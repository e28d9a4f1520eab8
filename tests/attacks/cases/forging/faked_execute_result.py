"""Messages in the kernel's own form say that the cell's result was 3.0 and that it went well."""

# ---
# threat: execute_result faked
# scores: {scale: 0}
# shows: "3.0"
# ---

# %% scale
kernel = get_ipython().kernel
content = {"data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}
for kind in ("execute_result", "display_data"):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent("shell"))


def scale(weight, factor):
    get_ipython().display_pub.publish({"text/plain": "3.0"})
    kernel.session.send(kernel.iopub_socket, "execute_result", content)
    print(3.0)
    return weight


3.0
