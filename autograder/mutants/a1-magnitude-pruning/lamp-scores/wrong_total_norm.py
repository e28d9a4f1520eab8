# Divides by the squares of all weights: a normalized magnitude, not LAMP.
def lamp_scores(weight):
    squares = weight**2
    return squares / squares.sum().clamp_min(1e-300)
