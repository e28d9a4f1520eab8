"""The process ends with a core dump, in a folder of its own and in the root."""

# ---
# threat: files left behind
# scores: {mean: 0}
# causes: {mean: kernel-died}
# ---

# %% mean
import os
import resource
import signal

os.makedirs("/tmp/fw-footprint-core", exist_ok=True)
os.chdir("/tmp/fw-footprint-core")
try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
except (OSError, ValueError) as error:
    print("no core:", error)
os.kill(os.getpid(), signal.SIGABRT)
