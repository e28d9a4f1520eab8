"""Programs in sessions of their own that outlive their parents, one under each of several names."""

# ---
# threat: a daemon left behind
# shows: "left 3 programs"
# ---

# %% mean
import os
import subprocess

for number in range(3):
    if os.fork() == 0:
        os.setsid()
        subprocess.Popen(
            [f"fw-footprint-{number}", "1000"], executable="/bin/sleep", start_new_session=True
        )
        os._exit(0)
    os.wait()
print("left 3 programs")


def mean(values):
    return sum(values) / len(values)
