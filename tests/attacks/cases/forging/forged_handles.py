"""Numbers of handles that were never given, of other objects, and texts in their types' names."""

# ---
# threat: handles forged
# scores: {layer: 0, mean: 0}
# shows: "type is named"
# ---


# %% mean
class Handle:
    pass


Handle.__qualname__ = "<script>alert(1)</script>\x1b[31m\n" + "x" * 1000
Handle.__module__ = "builtins"
print("type is named", len(Handle.__qualname__))


def mean(values):
    return Handle()


# %% layer
class Layer:
    state_dict = forward = lambda self, *args: self


def make_layer(weight, bias):
    return Layer()
