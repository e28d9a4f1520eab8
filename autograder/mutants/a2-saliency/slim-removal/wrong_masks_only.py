# Sets the channels to zero and removes nothing.
def slim(state):
    small = {name: tensor.clone() for name, tensor in state.items()}
    gone = state["bn.weight"] == 0
    small["conv.weight"][gone] = 0
    small["conv.bias"][gone] = 0
    small["bn.bias"][gone] = 0
    return small
