# Counts the scores but not the weighted sums of the values.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {
        "projections": 4 * num_tokens * width * width,
        "products": num_tokens * num_tokens * width,
    }
