# Counts two operations for each MAC.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {
        "projections": 8 * num_tokens * width * width,
        "products": 4 * num_tokens * num_tokens * width,
    }
