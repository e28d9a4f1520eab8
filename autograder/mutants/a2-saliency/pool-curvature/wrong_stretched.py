# Stretches the curvature over all inputs, leftover ones included.
def through_avg_pool(curvature, length, kernel_size, stride):
    return F.interpolate(curvature, size=length) / kernel_size**2
