"""The same calls by the numbers of 32-bit programs, which a careless filter lets through."""

# ---
# threat: namespaces, mounts, tracing
# scores: {name: 0}
# shows: "by old numbers: refused"
# ---

# %% name
import ctypes
import mmap
import os
import platform

# mov eax, number; mov ebx, CLONE_NEWUSER; int 0x80; ret
unshare = b"\x53\xb8\x36\x01\x00\x00\xbb\x00\x00\x00\x10\xcd\x80\x5b\xc3"
ended, x32 = [], -1
if platform.machine() == "x86_64":
    child = os.fork()
    if child == 0:
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(unshare)
        place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        os._exit(ctypes.CFUNCTYPE(ctypes.c_int)(place)() != 0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    x32 = ctypes.CDLL(None).syscall(0x40000000 | 272, 0x10000000)
print("by old numbers:", "refused" if ended != 0 and x32 == -1 else "allowed", ended, x32)
course = str(ended)
