"""Threads that wait for ever."""

# ---
# threat: a thread bomb
# scores: {mean: 0}
# causes: {mean: processes}
# limits: {processes: 64}
# shows: can't start new thread
# ---

# %% mean
import threading

forever = threading.Event()
while True:
    threading.Thread(target=forever.wait, daemon=True).start()
