# Charges a MAC for each bias of the projections.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {
        "projections": 4 * num_tokens * width * (width + 1),
        "products": 2 * num_tokens * num_tokens * width,
    }
