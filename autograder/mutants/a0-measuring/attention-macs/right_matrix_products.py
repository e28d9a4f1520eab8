# Different: a small function for matrix products.
def attention_macs(num_tokens: int, width: int, num_heads: int) -> dict[str, int]:
    def product(rows, inner, columns):
        return rows * inner * columns

    per_head = width // num_heads
    scores = num_heads * product(num_tokens, per_head, num_tokens)
    mixed = num_heads * product(num_tokens, num_tokens, per_head)
    return {"products": scores + mixed, "projections": 4 * product(num_tokens, width, width)}
