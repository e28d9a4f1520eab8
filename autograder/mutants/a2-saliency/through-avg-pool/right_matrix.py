# Writes the pooling as a matrix and squares its entries.
def through_avg_pool(curvature, length, kernel_size, stride):
    matrix = torch.zeros(curvature.shape[2], length, dtype=curvature.dtype)
    for window in range(len(matrix)):
        for tap in range(kernel_size):
            matrix[window, window * stride + tap] = 1 / kernel_size
    return curvature @ matrix.square()
