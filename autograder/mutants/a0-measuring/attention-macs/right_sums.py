# Different: adds up token by token.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    projections = sum(width * width for _ in range(num_tokens) for _ in ("q", "k", "v", "out"))
    products = sum(2 * width * num_tokens for _ in range(num_tokens))
    return dict(projections=projections, products=products)
