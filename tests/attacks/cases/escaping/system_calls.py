"""System calls by which others got out of sandboxes: each is refused, whatever its arguments."""

# ---
# threat: namespaces, mounts, tracing
# scores: {name: 0}
# shows: "allowed: nothing of 35"
# ---

# %% name
import ctypes
import errno
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
column = {"x86_64": 0, "aarch64": 1}[platform.machine()]
attempts = {
    "unshare user": (272, 97, 0x10000000),
    "unshare mount": (272, 97, 0x00020000),
    "unshare pid": (272, 97, 0x20000000),
    "unshare net": (272, 97, 0x40000000),
    "clone user": (56, 220, 0x10000000 | 17, 0, 0, 0, 0),
    "clone3": (435, 435, 0, 0),
    "setns": (308, 268, 0, 0),
    "mount": (165, 40, b"none", b"/tmp", b"tmpfs", 0, 0),
    "umount2": (166, 39, b"/proc", 2),
    "pivot_root": (155, 41, b"/tmp", b"/tmp"),
    "chroot": (161, 51, b"/tmp"),
    "open_tree": (428, 428, -100, b"/", 1),
    "move_mount": (429, 429, -1, b"", -1, b"", 0),
    "fsopen": (430, 430, b"tmpfs", 0),
    "fsmount": (432, 432, -1, 0, 0),
    "mount_setattr": (442, 442, -1, b"", 0, 0, 0),
    "ptrace": (101, 117, 0, 0, 0, 0),
    "process_vm_readv": (310, 270, 1, 0, 0, 0, 0, 0),
    "process_vm_writev": (311, 271, 1, 0, 0, 0, 0, 0),
    "pidfd_getfd": (438, 438, -1, 0, 0),
    "kcmp": (312, 272, 1, 1, 0, 0, 0),
    "add_key": (248, 217, b"user", b"x", b"y", 1, -4),
    "request_key": (249, 218, b"user", b"x", 0, 0),
    "keyctl": (250, 219, 0, -4, 1),
    "bpf": (321, 280, 0, 0, 0),
    "perf_event_open": (298, 241, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 282, 1),
    "fanotify_init": (300, 262, 0, 0),
    "open_by_handle_at": (304, 265, -1, 0, 0),
    "init_module": (175, 105, 0, 0, b""),
    "kexec_load": (246, 104, 0, 0, 0, 0),
    "personality": (135, 92, 0x0040000),
    "io_uring_setup": (425, 425, 1, 0),
    "memfd_create": (319, 279, b"x", 0),
    "shmget": (29, 194, 77, 4096, 0o1666),
}
refusals = (errno.EPERM, errno.ENOSYS)


def words(arguments):
    """Whole numbers as machine words; ctypes alone would pass them as 32 bits."""
    return [ctypes.c_void_p(a) if isinstance(a, int) else a for a in arguments]


allowed = []
for name, call in attempts.items():
    child = os.fork()
    if child == 0:
        ctypes.set_errno(0)
        result = libc.syscall(call[column], *words(call[2:]))
        os._exit(result == -1 and ctypes.get_errno() in refusals)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 1:
        allowed.append(name)
print("allowed:", allowed or "nothing", "of", len(attempts))
course = str(allowed)
