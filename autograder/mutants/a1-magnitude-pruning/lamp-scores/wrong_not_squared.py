# Uses absolute values where the definition has squares.
def lamp_scores(weight):
    magnitudes = weight.flatten().abs()
    order = magnitudes.argsort(descending=True)
    scores = torch.zeros_like(magnitudes)
    scores[order] = magnitudes[order] / magnitudes[order].cumsum(0).clamp_min(1e-300)
    return scores.view(weight.shape)
