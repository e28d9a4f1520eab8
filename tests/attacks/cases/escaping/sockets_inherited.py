"""Whoever listens on the other end of an inherited socket gets orders, reports and descriptors."""

# ---
# threat: other students' processes, files and sockets
# scores: {name: 0}
# shows: "sent over"
# ---

# %% name
import contextlib
import json
import os
import socket
import stat

sent = 0
orders = [
    json.dumps(order).encode() for order in ({"ended": 0}, {"failed": "x"}, {"init": True}, {})
]
for number in map(int, os.listdir("/proc/self/fd")):
    with contextlib.suppress(OSError):
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            continue
        one = socket.socket(fileno=os.dup(number))
        # The kernel's own are streams; orders and reports go in packets.
        if one.type != socket.SOCK_STREAM:
            for order in orders:
                one.sendmsg([order], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\0\0\0\0")])
                sent += 1
        one.detach()
print("sent over", sent, "sockets of packets")
course = "sockets"
