# Always drops the term with the second derivative of tanh.
def through_tanh(z, gradient, curvature, gauss_newton=False):
    a = z.tanh()
    slope = 1 - a**2
    bend = -2 * a * slope
    return slope**2 * curvature + 0 * gradient
