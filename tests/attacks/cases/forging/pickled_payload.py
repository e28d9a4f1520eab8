"""Objects whose unpickling would leave a file outside are given as answers and as bytes."""

# ---
# threat: a pickle as an answer
# scores: {mean: 0, scale: 0, name: 0}
# shows: "payload of"
# ---

# %% name
import os
import pickle


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/fw-footprint-pickle",)


data = pickle.dumps(Payload())
print("payload of", len(data), "bytes")
course = data.decode("latin-1")


# %% mean
def mean(values):
    return Payload()


# %% scale
def scale(weight, factor):
    return data
