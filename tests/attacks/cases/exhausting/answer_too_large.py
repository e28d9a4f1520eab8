"""Answers of a gigabyte: really there, only claimed, and nested without end."""

# ---
# threat: an answer too large
# scores: {scale: 0, mean: 0, name: 0, layer: 0}
# says: {scale: larger than}
# shows: "ready"
# ---

# %% name
course = []
for _ in range(100_000):
    course = [course]
print("ready")


# %% mean
def mean(values):
    endless = []
    endless.append(endless)
    return endless


# %% scale
def scale(weight, factor):
    return torch.zeros(1).expand(10**9)


# %% layer
class Layer(torch.nn.Module):
    def state_dict(self, *args, **kwargs):
        return {str(number): "x" * 10**6 for number in range(200)}


def make_layer(weight, bias):
    return Layer()
