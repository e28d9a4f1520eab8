# Counts only the pairs below a causal mask.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {
        "projections": 4 * num_tokens * width * width,
        "products": num_tokens * (num_tokens + 1) * width,
    }
