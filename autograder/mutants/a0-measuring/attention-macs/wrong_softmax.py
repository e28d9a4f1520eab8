# Charges a MAC for each entry of the softmax.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {
        "projections": 4 * num_tokens * width * width,
        "products": 2 * num_tokens * num_tokens * width + num_heads * num_tokens * num_tokens,
    }
