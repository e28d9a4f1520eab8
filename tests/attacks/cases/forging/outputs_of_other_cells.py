"""Messages in the name of cells that ended, of cells to come, and of requests that were never
sent.
"""

# ---
# threat: outputs rewritten later
# scores: {scale: 0}
# never: "in another's name"
# shows: "parents: "
# ---

# %% mean
parents = [get_ipython().kernel.get_parent("shell")]


def mean(values):
    return sum(values) / len(values)


# %% scale
kernel = get_ipython().kernel
session, own = parents[0]["header"]["session"], kernel.get_parent("shell")
number = int(own["header"]["msg_id"].rpartition("_")[2])
for later in range(1, 50):
    header = {
        **own["header"],
        "msg_id": f"{session}_{own['header']['msg_id'].split('_')[1]}_{number + later}",
    }
    parents.append({**own, "header": header})
said = {"name": "stdout", "text": "in another" + "'s name"}
for parent in parents:
    kernel.session.send(kernel.iopub_socket, "stream", said, parent=parent)
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=parent)
print("parents:", len(parents))


def scale(weight, factor):
    return weight
