"""input(), getpass and a read of stdin, in a cell and in a call of a check."""

# ---
# threat: input is asked for
# scores: {mean: 0, scale: 0}
# causes: {mean: cell-error}
# shows: StdinNotImplementedError
# says: {scale: EOFError}
# ---

# %% mean
input("your score? ")

# %% scale
import sys

print("from stdin:", repr(sys.stdin.read() if sys.stdin else None))


def scale(weight, factor):
    import getpass

    return getpass.getpass()
