"""Who the process is: no root, no capability, no way to get one, a filter on system calls."""

# ---
# threat: namespaces, mounts, tracing
# scores: {name: 0}
# shows:
#   - "user: 1000 1000 1000 groups: []"
#   - "CapEff: 0000000000000000"
#   - "CapPrm: 0000000000000000"
#   - "CapBnd: 0000000000000000"
#   - "CapAmb: 0000000000000000"
#   - "NoNewPrivs: 1"
#   - "Seccomp: 2"
# ---

# %% name
import os
import resource
from pathlib import Path

print("user:", *os.getresuid(), "groups:", [g for g in os.getgroups() if g not in (1000, 65534)])
for line in Path("/proc/self/status").read_text().splitlines():
    if line.startswith(("Cap", "NoNewPrivs", "Seccomp:")):
        print(" ".join(line.split()))
print("core:", resource.getrlimit(resource.RLIMIT_CORE))
course = "1000"
