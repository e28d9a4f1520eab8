"""Shut the calling process into namespaces, mounts, limits and a system call filter of its own.

Runs inside the sandbox's outer wall, so it imports nothing of this package. All of it can be done
by a process without any right of its own: the rights it uses are those over its new namespaces.
"""

import ctypes
import errno
import fcntl
import os
import platform
import resource
import socket
import struct

BOX = "/box"
USER = 1000
FOLDERS = ("work", "home", "tmp", "shm")

NAMESPACES = {
    "mount": 0x00020000,
    "cgroup": 0x02000000,
    "hostname": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 4096, 16384, 1 << 18, 1 << 21
MOUNT_FLAGS = {"ro": MS_RDONLY, "nosuid": MS_NOSUID, "nodev": MS_NODEV, "noexec": MS_NOEXEC}
MOUNT_FLAGS |= {"relatime": MS_RELATIME, "noatime": 1024, "nodiratime": 2048}

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
SIGKILL = 9
SET_INTERFACE_FLAGS, INTERFACE_UP = 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


class ConfineError(OSError):
    """A wall that could not be raised; the message says which."""


def must(result: int, what: str) -> None:
    """Raise for a C function that failed."""
    if result != 0:
        code = ctypes.get_errno()
        raise ConfineError(code, f"{what}: {os.strerror(code)}")


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends."""
    must(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "tie to the parent's life")


def leave_namespaces() -> None:
    """Leave every namespace; the next fork begins a PID namespace as its process 1."""
    must(libc.unshare(sum(NAMESPACES.values())), "unshare namespaces")


def take_user() -> None:
    """Become the one user that the new user namespace knows, once its maps are written."""
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    arguments = [text.encode() or None for text in (source, target, kind)]
    done = libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None)
    must(done, f"mount {kind or 'bind'} on {target}")


def raise_loopback() -> None:
    """Let the notebook's own processes speak to each other; there is no other network device."""
    request = struct.pack("16sh14x", b"lo", INTERFACE_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_INTERFACE_FLAGS, request)


def furnish(
    file_bytes: int, mounts: list[str], below_tmp: list[str], max_files: int = 20_000
) -> None:
    """Mount the one place that can be written, a fresh /proc, and make all else read-only.

    /tmp is that place, too; what was shown below it, `below_tmp`, is shown there again.
    """
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    options = f"size={file_bytes},nr_inodes={max_files},mode=755"
    mount("box", BOX, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for name in FOLDERS:
        os.mkdir(f"{BOX}/{name}", 0o700)
    kept = {place: os.open(place, os.O_PATH) for place in below_tmp}
    mount(f"{BOX}/tmp", "/tmp", flags=MS_BIND)
    for place, descriptor in kept.items():
        os.makedirs(place)
        mount(f"/proc/self/fd/{descriptor}", place, flags=MS_BIND | MS_REC)
        os.close(descriptor)
    mount(f"{BOX}/shm", "/dev/shm", flags=MS_BIND)
    mount_proc()
    close_other_mounts(mounts, {BOX, "/tmp", "/dev/shm", "/proc"})


def mount_proc() -> None:
    """A /proc that shows this sandbox only; where the system refuses one, an empty folder."""
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    try:
        mount("proc", "/proc", "proc", flags)
    except ConfineError as error:
        if error.errno != errno.EPERM:
            raise
        mount("none", "/proc", "tmpfs", flags | MS_RDONLY, "size=4k")


def close_other_mounts(mounts: list[str], writable: set[str]) -> None:
    """Make every mount read-only that is not to be written; `mounts` are lines of mountinfo."""
    for line in mounts:
        fields = line.split()
        target, options = fields[4].encode().decode("unicode_escape"), fields[5].split(",")
        inside = any(target == one or target.startswith(f"{one}/") for one in writable)
        if "rw" in options and not inside:
            kept = sum(MOUNT_FLAGS.get(option, 0) for option in options)
            mount("none", target, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def limit(limits: dict) -> None:
    """Bound what one process may take; sums over all processes are watched from outside."""
    own = data_bytes()
    bounds = {
        resource.RLIMIT_DATA: own + limits["memory_bytes"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = int(bound) if hard == resource.RLIM_INFINITY else min(int(bound), hard)
        resource.setrlimit(kind, (bound, bound))


def data_bytes() -> int:
    """The private memory that is mapped before the student's code runs."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * resource.getpagesize()


def renounce() -> None:
    """Give up every capability, and the ways to get one back."""
    must(
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear ambient capabilities"
    )
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    header = struct.pack("II", 0x20080522, 0)
    must(libc.capset(header, bytes(24)), "drop capabilities")
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs")


# The system call filter. Numbers: (x86_64, aarch64); None where the call does not exist.

REFUSED_CALLS = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "personality": (135, 92),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "vmsplice": (316, 75),
    "mq_open": (240, 180),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}
# Calls that programs try first and do without: told that the system does not have them.
ABSENT_CALLS = {"clone3": (435, 435), "memfd_create": (319, 279), "memfd_secret": (447, 447)}
CLONE = (56, 220)
SOCKET = (41, 198)
IOCTL = (16, 29)
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24


def filter_program(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter as instructions (code, jump if true, jump if false, operand)."""
    column, architecture = ARCHITECTURES[machine]
    forbidden = sum(NAMESPACES.values())
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":  # the x32 calls have numbers of their own
        program += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    program += refusals(REFUSED_CALLS, column, errno.EPERM)
    program += refusals(ABSENT_CALLS, column, errno.ENOSYS)
    program += [
        (EQUAL, 0, 4, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, forbidden),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
        (EQUAL, 0, len(FAMILIES) + 3, SOCKET[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        *((EQUAL, len(FAMILIES) - i, 0, int(family)) for i, family in enumerate(FAMILIES)),
        (RETURN, 0, 0, REFUSE | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
        (EQUAL, 0, 4, IOCTL[column]),
        (LOAD, 0, 0, SECOND_ARGUMENT),
        (EQUAL, 1, 0, TIOCSTI),
        (EQUAL, 0, 1, TIOCLINUX),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return program


def refusals(calls: dict, column: int, code: int) -> list[tuple[int, int, int, int]]:
    """Two instructions for each call: is it this one, then refuse."""
    numbers = [row[column] for row in calls.values() if row[column] is not None]
    pairs = ([(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | code)] for number in numbers)
    return [instruction for pair in pairs for instruction in pair]


def filter_calls() -> None:
    """Have the kernel refuse the calls that a notebook has no use for, for good."""
    program = filter_program(platform.machine())
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    must(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0), "filter system calls")


def show_memory() -> None:
    """Let a process read its own /proc files again, which a change of user forbids."""
    must(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "show the memory")


def hide_memory() -> None:
    """Let no process of the same user look into this one or trace it."""
    must(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hide the memory")
