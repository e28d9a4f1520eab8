# Counts the linear layers for one token.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {"projections": 4 * width * width, "products": 2 * num_tokens * num_tokens * width}
