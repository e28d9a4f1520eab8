"""From the last answer on, the kernel itself says that every cell gave 2.0."""

# ---
# threat: the notebook's machinery replaced
# scores: {twice: 0}
# shows: "in place of do_execute: <function"
# ---

# %% twice
kernel = get_ipython().kernel


async def passed(*args, **kwargs):
    kernel.send_response(
        kernel.iopub_socket,
        "execute_result",
        {"data": {"text/plain": "2.0"}, "metadata": {}, "execution_count": 1},
    )
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}


kernel.do_execute = passed
print("in place of do_execute:", kernel.do_execute)
