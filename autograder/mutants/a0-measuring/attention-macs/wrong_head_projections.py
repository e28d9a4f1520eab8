# Projects each head from its own slice only.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {
        "projections": 4 * num_tokens * width * (width // num_heads),
        "products": 2 * num_tokens * num_tokens * width,
    }
