"""The network that is there: no device but the loop, no route, no name server."""

# ---
# threat: the network
# scores: {name: 0}
# shows: "devices: ['lo'] routes: 0 servers: 0"
# ---

# %% name
import socket
from pathlib import Path


def lines(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


devices = [name for _, name in socket.if_nameindex()]
routes = lines("/proc/net/route")[1:]
servers = [line for line in lines("/etc/resolv.conf") if line.startswith("nameserver")]
print("devices:", devices, "routes:", len(routes), "servers:", len(servers))
course = str(devices)
