"""Name the system calls that an untrusted program is refused, and write them as a filter for the kernel.

Refused with EPERM: whatever a namespace does not hold back (sockets of virtual machines, the kernel's key rings),
whatever takes memory that no limit counts (shared segments, files in memory), new namespaces and mounts, looking into
other processes, and rare calls of which the kernel's faults tell. All else goes through. Source of the form:
linux/filter.h, linux/seccomp.h; of the numbers: the kernel's tables for x86_64 and the generic one (aarch64).
"""

import errno
import struct

from . import kernel

# name: its number on x86_64 and aarch64; None where the processor has no such call.
CALLS: dict[str, tuple[int | None, int | None]] = {
    # namespaces and mounts
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
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # memory that no limit counts, and numbers that all of a user's processes share
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "io_setup": (206, 0),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    # keys of the user, and the inner life of the kernel
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "syslog": (103, 116),
    "personality": (135, 92),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "lookup_dcookie": (212, 18),
    "vhangup": (153, 58),
}
CLONE, CLONE3, SOCKET = (56, 220), 435, (41, 198)
FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: within the namespace; others may lead out of it
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000  # from here on x86_64 has a second table of calls
NEW_SPACES = sum(getattr(kernel, name) for name in dir(kernel) if name.startswith("NEW_"))

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_VALUE = 0, 4, 16  # where seccomp_data holds them; the value's low half comes first
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int, because: int = errno.EPERM) -> bytes:
    """Refuse a call by its number; another one falls through."""
    return _step(_EQUAL, number, 0, 1) + _step(_RETURN, _REFUSE | because)


def program() -> bytes:
    """Return the filter for this processor."""
    name = kernel.processor()
    column = list(ARCHITECTURE).index(name)
    steps = _step(_LOAD, _ARCHITECTURE) + _step(_EQUAL, ARCHITECTURE[name], 1, 0) + _step(_RETURN, _KILL)
    steps += _step(_LOAD, _NUMBER)
    if name == "x86_64":
        steps += _step(_AT_LEAST, X32, 0, 1) + _step(_RETURN, _REFUSE | errno.ENOSYS)
    steps += _refuse(CLONE3, errno.ENOSYS)  # its flags cannot be read here; the C library then calls clone
    for numbers in CALLS.values():
        if (number := numbers[column]) is not None:
            steps += _refuse(number)
    steps += _step(_EQUAL, CLONE[column], 0, 4) + _step(_LOAD, _FIRST_VALUE)
    steps += _step(_ANY_BIT, NEW_SPACES, 0, 1) + _step(_RETURN, _REFUSE | errno.EPERM) + _step(_RETURN, _ALLOW)
    steps += _step(_EQUAL, SOCKET[column], 0, 2 + len(FAMILIES)) + _step(_LOAD, _FIRST_VALUE)
    for place, family in enumerate(FAMILIES):
        steps += _step(_EQUAL, family, len(FAMILIES) - place, 0)
    return steps + _step(_RETURN, _REFUSE | errno.EAFNOSUPPORT) + _step(_RETURN, _ALLOW)
