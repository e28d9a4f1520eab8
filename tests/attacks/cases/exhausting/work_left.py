"""Threads and processes that compute on while the checks are asked."""

# ---
# threat: a daemon left behind
# limits: {call_seconds: 20}
# shows: "at work"
# ---

# %% mean
import os
import threading


def work():
    while True:
        pass


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
for _ in range(2):
    if os.fork() == 0:
        work()
print("at work")


def mean(values):
    return sum(values) / len(values)
