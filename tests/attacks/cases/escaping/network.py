"""TCP to this machine and beyond, UDP, DNS, raw packets and abstract sockets."""

# ---
# threat: the network
# scores: {name: 0}
# shows: "reached: nothing"
# control: "reached: ['tcp"
# ---

# %% name
import contextlib
import socket

port = int(open("fixture.txt").read())


def tcp(family, *address):
    with socket.socket(family) as made:
        made.settimeout(2)
        made.connect(address)


def udp(family, *address):
    with socket.socket(family, socket.SOCK_DGRAM) as made:
        made.sendto(b"out", address)


attempts = {
    "tcp to this machine": lambda: tcp(socket.AF_INET, "127.0.0.1", port),
    "tcp by IPv6": lambda: tcp(socket.AF_INET6, "::1", port),
    "tcp outside": lambda: tcp(socket.AF_INET, "192.0.2.1", 80),
    "udp outside": lambda: udp(socket.AF_INET, "192.0.2.1", 53),
    "udp to all": lambda: udp(socket.AF_INET, "224.0.0.1", 5353),
    "udp by IPv6": lambda: udp(socket.AF_INET6, "2001:db8::1", 53),
    "dns": lambda: socket.getaddrinfo("example.org", 80),
    "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
}
reached = []
for name, attempt in attempts.items():
    with contextlib.suppress(OSError):
        attempt()
        reached.append(name)
print("reached:", reached or "nothing", "of", len(attempts))
course = str(reached)
