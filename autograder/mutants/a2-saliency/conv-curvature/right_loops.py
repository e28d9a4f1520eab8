# Walks over taps and positions.
def conv_curvature(inputs, weight, curvature, stride, padding):
    of_weight, of_inputs = torch.zeros_like(weight), torch.zeros_like(inputs)
    for t in range(curvature.shape[2]):
        for tap in range(weight.shape[2]):
            place = t * stride + tap - padding
            if 0 <= place < inputs.shape[2]:
                of_weight[:, :, tap] += curvature[:, :, t].T @ inputs[:, :, place] ** 2
                of_inputs[:, :, place] += curvature[:, :, t] @ weight[:, :, tap] ** 2
    return of_weight, curvature.sum(dim=2).sum(dim=0), of_inputs
