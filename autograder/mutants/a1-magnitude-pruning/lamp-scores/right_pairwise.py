# Compares every weight with every other one in a table.
def lamp_scores(weight):
    squares = weight.reshape(-1).square()
    not_smaller = (squares[None, :] >= squares[:, None]).to(squares.dtype)
    sums = not_smaller @ squares
    return torch.where(squares > 0, squares / sums.where(sums > 0, 1.0), 0.0).view_as(weight)
