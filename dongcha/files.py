"""Put bytes on disk so that a reader never sees half of them: atomic writes, hashes, safe paths, locks.

In: paths and bytes. Out: files that are whole or absent. `fault_at(n)` makes the n-th write, sync or rename fail, for
tests that walk every way to die. Knows nothing of what the files mean.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from dongcha.errors import Busy, MachineError, UserError
from dongcha.locale import say

DONE = "done.json"  # written last: a folder without it is no result
OWNER_SECONDS = 0.5  # how long a refused process waits for the holder's name
_NAME = re.compile(r"[\w][\w.\-]{0,63}")
_LEFT = re.compile(r"\.(.+)\.\d+\.(tmp|old)")  # what a process at work calls the folders and files it has not finished
# What an operating system says where bytes find no room, and the sentence for it.
NO_ROOM = {errno.ENOSPC: "files.disk_full", errno.EDQUOT: "files.disk_quota", errno.EFBIG: "files.disk_limit"}
_RUST = re.compile(r"\(os error (\d+)\)")  # how safetensors and tokenizers tell it: they raise no OSError
_DEVICES = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
_fault: list[int] = []  # at most one counter: how many more disk operations succeed


@contextmanager
def fault_at(n: int) -> Iterator[None]:
    """Make the n-th disk operation (1-based) of this module raise OSError(ENOSPC); for tests."""
    _fault.append(n)
    try:
        yield
    finally:
        _fault.clear()


def _operation(path: Path) -> None:
    if _fault:
        _fault[0] -= 1
        if _fault[0] == 0:
            raise OSError(errno.ENOSPC, "planted fault", str(path))


@contextmanager
def disk_errors(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn a full disk into one sentence with the path, the bytes needed and the bytes free.

    Where `needed` is not known, it is one byte more than there was room for.
    """
    try:
        yield
    except Exception as error:
        key = no_room(error)
        if key is None:
            raise
        free = free_bytes(path)
        room = resource.getrlimit(resource.RLIMIT_FSIZE)[0] if key == NO_ROOM[errno.EFBIG] else free
        raise MachineError(say(key, path=path, needed=needed or max(room, 0) + 1, free=free)) from error


def no_room(error: BaseException) -> str | None:
    """Return the sentence for an error that says that bytes found no room, whatever library raised it; None else."""
    if isinstance(error, OSError):
        return NO_ROOM.get(error.errno or 0)
    found = _RUST.search(str(error))
    return NO_ROOM.get(int(found[1])) if found else None


def free_bytes(path: Path) -> int:
    """Return the bytes free on the disk of a path, whether or not it is there yet."""
    return shutil.disk_usage(next(p for p in (path, *path.absolute().parents) if p.exists())).free


def make_folder(path: Path) -> Path:
    """Make a folder and its parents that only its owner may enter (mode 0700: they hold people's text)."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it survives a power cut."""
    _operation(path)
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Flush a finished file to disk."""
    _operation(path)
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path, len(content)):
        try:
            _operation(temporary)
            temporary.write_bytes(content)
            sync_file(temporary)
            _operation(path)
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all, readable by people: indented, its letters unescaped."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that we wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def append_line(path: Path, value: Any) -> None:
    """Append one JSON line and flush it to disk; a last line that a crash tore is closed first, and stays skipped."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"
    with disk_errors(path, len(line)):
        _operation(path)
        with path.open("ab+") as handle:
            if handle.tell() and handle.seek(-1, os.SEEK_END) >= 0 and handle.read(1) != b"\n":
                line = b"\n" + line
            handle.write(line)
            handle.flush()
            os.fsync(handle.fileno())


def read_lines(path: Path) -> list[Any]:
    """Read JSON lines that `append_line` wrote; a line cut by a crash is left out."""
    if not path.exists():
        return []
    values = []
    for line in path.read_bytes().split(b"\n"):  # not splitlines: a text may hold U+0085 or U+2028
        try:
            values.append(json.loads(line))
        except ValueError:  # no JSON, or cut within a letter
            continue
    return values


@contextmanager
def new_folder(target: Path, needed: int = 0) -> Iterator[Path]:
    """Fill a folder under a temporary name and rename it into place when the block ends well.

    `needed` bytes are named where the disk is full; 0: not known before.
    All files are flushed and a last-written marker (`done.json`) is added before the rename; an older folder of that
    name is replaced only then. When the block fails, nothing is left.
    """
    make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    make_folder(temporary)
    try:
        with disk_errors(target, needed):
            yield temporary
            for path in sorted(temporary.rglob("*")):
                if path.is_file():
                    sync_file(path)
            write_json(temporary / DONE, {"files": manifest(temporary)})
            replace_folder(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def replace_folder(source: Path, target: Path) -> None:
    """Rename a finished folder into place; a folder that stood there goes only after the new one stands."""
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)  # left by a process of this number that was killed
        _operation(target)
        target.replace(old)
    try:
        _operation(target)
        source.replace(target)
    except OSError:
        if old.exists():
            old.replace(target)
        raise
    try:
        sync_folder(target.parent)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def is_done(folder: Path) -> bool:
    """Tell whether a folder was finished: its last-written marker is there."""
    return (folder / DONE).is_file()


def manifest(folder: Path) -> dict[str, str]:
    """Map each file below a folder, by its relative POSIX path, to its SHA-256."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != DONE)
    return {p.relative_to(folder).as_posix(): hash_file(p) for p in files}


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex, reading it in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hash_value(value: Any) -> str:
    """Return the SHA-256 of a JSON value, in hex, the same for any order of its keys."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def safe_name(name: str) -> str:
    """Return a name that is safe as a file name (NFC letters of any script), or refuse it."""
    normal = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(normal) or normal.split(".")[0].lower() in _DEVICES or normal != name.strip():
        raise UserError(say("files.name", name=name))
    return normal


def inside(root: Path, *parts: str) -> Path:
    """Join parts to a root and refuse a result that leaves it, links followed."""
    root = root.resolve()
    path = root.joinpath(*parts).resolve()
    if not path.is_relative_to(root):
        raise UserError(say("files.outside", path=path, root=root))
    return path


def _owner(handle: TextIO) -> tuple[str, str]:
    """Read who holds a lock, and since when.

    The holder writes its name just after the kernel gave it the lock, so what stands there first may be nothing, or
    what a dead holder left: wait a moment for a living process's name.
    """
    until = time.monotonic() + OWNER_SECONDS
    while True:
        handle.seek(0)
        pid, _, since = handle.read().partition(" ")
        if (since and _lives(pid)) or time.monotonic() > until:
            return pid, since.strip()
        time.sleep(0.01)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def lock(folder: Path) -> Iterator[tuple[str, str] | None]:
    """Hold a folder for this process; a second holder is refused at once with the owner's process id.

    The lock is the kernel's (flock), so it ends with its process, however that dies. Yields the process and the time of
    a holder that was killed, None where the last one left in order; what the killed one had half written is cleared.
    """
    make_folder(folder)
    with (folder / ".lock").open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, since = _owner(handle)
            raise Busy(say("files.busy", folder=folder, pid=pid or "?", since=since or "?")) from None
        handle.seek(0)
        pid, _, since = handle.read().partition(" ")
        if pid:
            clear_left(folder)
        handle.truncate(0)
        handle.write(f"{os.getpid()} {time.strftime('%Y-%m-%dT%H:%M:%S')}")
        handle.flush()
        try:
            yield (pid, since.strip()) if pid else None
        finally:
            handle.truncate(0)  # an empty file says that its holder left in order


def clear_left(folder: Path) -> None:
    """Clear what a killed process left below a folder that this one holds.

    Half-written files and folders go; a folder that was moved aside comes back where its successor does not stand yet.
    """
    for path in sorted(folder.rglob(".*")):
        found = _LEFT.fullmatch(path.name)
        if found is None or not path.exists():
            continue
        target = path.with_name(found[1])
        if found[2] == "old" and not target.exists():
            path.replace(target)
        elif path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
