# Lets every token meet only itself.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    return {"projections": 4 * num_tokens * width * width, "products": 2 * num_tokens * width}
