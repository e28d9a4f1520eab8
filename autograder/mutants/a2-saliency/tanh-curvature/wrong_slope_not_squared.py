# Multiplies the curvature by the slope once.
def through_tanh(z, gradient, curvature, gauss_newton=False):
    a = z.tanh()
    slope = 1 - a**2
    bend = -2 * a * slope
    return slope * curvature + (0 if gauss_newton else bend * gradient)
