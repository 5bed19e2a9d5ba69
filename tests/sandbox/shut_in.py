"""What the tests of sandboxes share: small limits, and a look at what is left of a sandbox on this machine."""

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from dongcha.sandbox import Limits

MIB = 1 << 20
SMALL = Limits(
    seconds=20.0,
    cpu_seconds=2,
    memory_bytes=192 * MIB,
    disk_bytes=2 * MIB,
    file_bytes=MIB,
    processes=8,
    open_files=32,
    output_bytes=MIB // 4,
)

# Asks the system alone, by other means than the sandbox: users, files, processes and network of one's own, a mount.
ASKS = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x7C020000) or libc.mount(b"tmpfs", b"/mnt", b"tmpfs", 0, None):
    sys.exit(os.strerror(ctypes.get_errno()))
"""


@cache
def namespaces_refused():
    """What the system says where it refuses namespaces; empty where it gives them."""
    done = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True, timeout=60, check=False)
    return done.stderr.strip()


def processes_of(marker):
    """The processes whose command line holds a marker: those that a sandbox forks keep the one of their parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:  # gone meanwhile
            continue
    return [number for number in found if number != os.getpid()]


def gone_within(marker, seconds):
    """Wait until no process has a marker; tell whether that came about."""
    until = time.monotonic() + seconds
    while processes_of(marker):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
