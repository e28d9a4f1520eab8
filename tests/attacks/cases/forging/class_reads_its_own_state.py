"""An object whose state and forward are different every time they are asked for."""

# ---
# threat: handles forged
# scores: {layer: 0}
# shows: "ready"
# ---


# %% layer
class Shifting:
    def __init__(self, weight):
        self.weight = weight

    def __getattribute__(self, name):
        if name == "state_dict":
            return lambda: {"weight": object.__getattribute__(self, "weight")}
        return lambda *args: torch.zeros(4, 2)


def make_layer(weight, bias):
    return Shifting(weight)


print("ready")
