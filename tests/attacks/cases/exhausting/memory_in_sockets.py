"""Bytes that wait in sockets lie in the system's memory, not in any process's."""

# ---
# threat: a memory bomb
# scores: {mean: 0}
# causes: {mean: memory}
# limits: {memory_bytes: 400_000_000, cell_seconds: 20}
# ---

# %% mean
import contextlib
import os
import socket
import time


def hold(pairs):
    """Fill sockets with what nobody reads, some 200 kB each."""
    for one in [end for _ in range(pairs) for end in socket.socketpair()]:
        kept.append(one)
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                one.send(b"x" * 65536)


kept = []
for _ in range(4):
    if os.fork() == 0:
        hold(400)
        time.sleep(60)
        os._exit(0)
time.sleep(60)
