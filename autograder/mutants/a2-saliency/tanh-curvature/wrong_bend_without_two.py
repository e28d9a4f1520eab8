# Forgets the factor 2 of the second derivative of tanh.
def through_tanh(z, gradient, curvature, gauss_newton=False):
    a = z.tanh()
    slope = 1 - a**2
    bend = -a * slope
    return slope**2 * curvature + (0 if gauss_newton else bend * gradient)
