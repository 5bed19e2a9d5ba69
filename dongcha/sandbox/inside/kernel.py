"""Call what Python 3.11 lacks of Linux: namespaces, mounts, capabilities, filters of system calls.

In: numbers and paths. Out: nothing, or a descriptor; OSError with the call's name where the kernel refuses. The numbers
are those of linux/sched.h, linux/mount.h, linux/prctl.h and the table of system calls.
"""

import ctypes
import errno
import os

NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USERS, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS = 0x1, 0x2, 0x4, 0x8  # the same for mount and mount_setattr
PRIVATE, RECURSIVE = 1 << 18, 1 << 14
DIE_WITH_PARENT, DUMPABLE, DROP_FROM_BOUNDS, NO_NEW_PRIVILEGES, FILTER, AMBIENT = 1, 4, 24, 38, 22, 47
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}  # the processors that are known
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442  # one number on all processors
_HERE, _EMPTY_PATH, _WHOLE, _COPY, _CLOSE_ON_EXEC = -100, 0x1000, 0x8000, 0x1, os.O_CLOEXEC
_DETACH, _FROM_DESCRIPTOR, _CAPABILITIES = 2, 4, 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _call(name: str, number: int, *values: "int | ctypes.Array[ctypes.c_char]") -> int:
    whole = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    return _checked(name, _libc.syscall(ctypes.c_long(number), *whole))


def processor() -> str:
    """Return the processor's name; OSError (ENOSYS) for one whose system calls are not known here."""
    name = os.uname().machine
    if name not in PIVOT_ROOT:
        raise OSError(errno.ENOSYS, f"{name}: {os.strerror(errno.ENOSYS)}")
    return name


def unshare(spaces: int) -> None:
    """Move this process into new namespaces, the sum of NEW_...; processes: only those it makes from now on."""
    _checked("unshare", _libc.unshare(spaces))


def mount(kind: str, target: str, flags: int, options: str = "") -> None:
    """Mount a file system of a kind, or change the flags of one that is mounted."""
    _checked(
        "mount", _libc.mount(kind.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    )


def copied_tree(path: str) -> int:
    """Return a descriptor of a copy of the mounts at a path and below, seen nowhere yet (Linux 5.2)."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    return _call("open_tree", _OPEN_TREE, _HERE, name, _COPY | _CLOSE_ON_EXEC | _WHOLE)


def set_flags(tree: int, flags: int) -> None:
    """Add READ_ONLY and the like to all mounts of a tree, given by a descriptor of its top (Linux 5.12)."""
    attributes = ctypes.create_string_buffer(flags.to_bytes(8, "little") + bytes(24), 32)
    _call("mount_setattr", _MOUNT_SETATTR, tree, ctypes.create_string_buffer(b""), _EMPTY_PATH | _WHOLE, attributes, 32)


def attach(tree: int, target: str) -> None:
    """Let a tree be seen at a path, and close its descriptor."""
    empty, name = ctypes.create_string_buffer(b""), ctypes.create_string_buffer(os.fsencode(target))
    _call("move_mount", _MOVE_MOUNT, tree, empty, _HERE, name, _FROM_DESCRIPTOR)
    os.close(tree)


def make_root(folder: str) -> None:
    """Make a mount this process's root and let go of everything else that was to be seen (pivot_root(2), NOTES)."""
    os.chdir(folder)
    dot = ctypes.create_string_buffer(b".")
    _call("pivot_root", PIVOT_ROOT[processor()], dot, dot)
    _checked("umount2", _libc.umount2(b".", _DETACH))
    os.chdir("/")


def control(option: int, *values: int) -> None:
    """Set something of this process by prctl."""
    whole = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked("prctl", _libc.prctl(option, *whole))


def drop_capabilities() -> None:
    """Give up every capability for good.

    Where a profile of security keeps the set of bounds from being changed, it holds nothing back: without new
    privileges nothing within it can be gained.
    """
    control(AMBIENT, 4)  # PR_CAP_AMBIENT_CLEAR_ALL
    for capability in range(64):
        try:
            control(DROP_FROM_BOUNDS, capability)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM):  # EINVAL: beyond the last one that this kernel knows
                raise
            break
    header = ctypes.create_string_buffer(_CAPABILITIES.to_bytes(4, "little") + bytes(4), 8)
    _checked("capset", _libc.capset(header, ctypes.create_string_buffer(24)))


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def filter_calls(steps: bytes) -> None:
    """Put a filter (a classic BPF program of 8 bytes a step) before each system call of this process, for good."""
    kept = ctypes.create_string_buffer(steps, len(steps))
    filter_ = _Filter(len(steps) // 8, ctypes.addressof(kept))
    control(NO_NEW_PRIVILEGES, 1)
    control(FILTER, 2, ctypes.addressof(filter_))
