"""Choose the files that an untrusted program can see: Python and its libraries, a few devices, one folder of its own.

A new root in memory replaces the machine's: what is not named here is not there, and only `FOLDER` can be written to,
up to a number of bytes. Needs a mount namespace of its own and the power over it.
"""

import os
import sys
from pathlib import Path

from . import kernel

FOLDER = "/tmp"  # the program's own: its working folder, home and place for temporary files
MOST_FILES = 1024
# Where C libraries are found, by the loader's own rules; time zones; devices without a device behind them.
PLACES = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
)
_ROOT = "/dev"  # any folder that is surely there: the new root stands on it until it is the root


def places() -> list[Path]:
    """Return what is shown of the machine: the places above and those of this Python, none inside another one."""
    python = (*sys.path, *(f"{prefix}/lib" for prefix in (sys.base_prefix, sys.base_exec_prefix)))
    found: list[Path] = []
    for place in sorted({Path(name) for name in (*PLACES, *python) if name.startswith("/")}):
        if place.exists() and not any(place.is_relative_to(other) for other in found):
            found.append(place)
    return found


def plant(size: int, owner: int, group: int) -> None:
    """Make the new root this process's root, its folder `size` bytes large and of the owner's.

    The copies are taken first: the new root may cover what they are copied from.
    """
    kernel.mount("none", "/", kernel.PRIVATE | kernel.RECURSIVE)
    shown = [(place, place.readlink() if place.is_symlink() else kernel.copied_tree(str(place))) for place in places()]
    kinds = {place: place.is_dir() for place, _ in shown}
    kernel.mount("tmpfs", _ROOT, kernel.NO_SETUID | kernel.NO_DEVICES, "size=256k,nr_inodes=256,mode=755")
    for place, content in shown:
        target = Path(_ROOT + str(place))
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            target.symlink_to(content)
            continue
        target.mkdir() if kinds[place] else target.touch()
        kernel.attach(content, str(target))
    folder = Path(_ROOT + FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    Path(f"{_ROOT}/dev/shm").symlink_to(FOLDER)
    kernel.make_root(_ROOT)
    top = os.open("/", os.O_PATH)
    kernel.set_flags(top, kernel.READ_ONLY | kernel.NO_SETUID)  # and all that is mounted below
    os.close(top)
    flags = kernel.NO_SETUID | kernel.NO_DEVICES | kernel.NO_PROGRAMS
    kernel.mount("tmpfs", FOLDER, flags, f"size={size},nr_inodes={MOST_FILES},mode=700,uid={owner},gid={group}")
