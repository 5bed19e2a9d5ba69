"""What the machine refuses: disk, permissions, a folder in use, a loss that is no number."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from error_case import CHECK, Case
from error_desk import RUN, Desk, command, workshop

from dongcha import files

HOLD = """
import sys
from pathlib import Path
from dongcha import files
with files.lock(Path(sys.argv[1])):
    print(flush=True)
    input()
"""
RUN_IT = ("run", "recipe.yaml")


@contextmanager
def small_files(desk: Desk) -> Iterator[None]:
    """Let no file grow beyond 2 kB, as `ulimit -f` does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def full_disk(desk: Desk) -> Iterator[None]:
    """Let the first write find no room; a real small disk stands in tests/faults."""
    with files.fault_at(1):
        yield


@contextmanager
def nobody(desk: Desk) -> Iterator[None]:
    """Be a user who may read the folder and write nothing in it."""
    for path in (desk.root, *desk.root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in (desk.root, *desk.root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@contextmanager
def another_run(desk: Desk) -> Iterator[None]:
    """Let another process hold every folder that a run wants."""
    holders = []
    lock = files.lock

    def held(folder):
        found = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        holders.append(found)
        found.stdout.readline()
        return lock(folder)

    try:
        with patch.object(files, "lock", held):
            yield
    finally:
        for holder in holders:
            holder.communicate(b"\n")


def all_imported(desk: Desk) -> None:
    """Put a plain place, all modules imported before another user, who may not read them, runs the command."""
    other = Desk(Path(tempfile.mkdtemp(dir=workshop())))
    other.plain()
    command(other, CHECK, "en")
    desk.plain()


def workspace_is_a_file(desk: Desk) -> None:
    desk.plain()
    desk.put("results", "mine\n")


MACHINE_CASES = (
    Case(
        "full disk",
        ("no room for the first file of the run", "磁盘已满，写不下任何文件"),
        ("free some space, run the same command again", "腾出空间，再运行同一命令"),
        Desk.plain,
        RUN_IT,
        4,
        full_disk,
        leaves=(),
    ),
    Case(
        "limit on file sizes",
        ("`ulimit -f 4`, then a run", "先 `ulimit -f 4` 再运行"),
        ("raise the limit, or take another disk", "放宽限制或换磁盘"),
        Desk.plain,
        RUN_IT,
        4,
        small_files,
        leaves=(),
    ),
    Case(
        "unwritable folder",
        ("a recipe in a folder that you may only read", "配方所在的文件夹只读"),
        ("take another folder with `--workspace`", "用 `--workspace` 换一个文件夹"),
        all_imported,
        RUN_IT,
        2,
        nobody,
        leaves=(),
    ),
    Case(
        "workspace is a file",
        ("`--workspace results`, and `results` is a file", "`--workspace results`，而 `results` 是文件"),
        ("name a folder", "写文件夹名"),
        workspace_is_a_file,
        (*RUN_IT, "--workspace", "results"),
        leaves=(),
    ),
    Case(
        "two runs in one folder",
        ("the same recipe started twice", "同一配方启动了两次"),
        ("wait for the first, or stop it", "等第一次结束或停止它"),
        Desk.plain,
        RUN_IT,
        5,
        another_run,
    ),
    Case(
        "loss that is no number",
        ("a learning rate of 1e30", "学习率为 1e30"),
        ("lower `train.learning_rate`", "降低 `train.learning_rate`"),
        lambda d: d.plain(train={"epochs": 1, "learning_rate": 1e30, "optimizer": "sgd"}),
        RUN_IT,
        1,
        leaves=("runs/",),
    ),
    Case(
        "answers over their own texts",
        ("`--output` names the file that is read", "`--output` 就是要读取的文件"),
        ("name another file", "换一个文件名"),
        lambda d: (d.run(), d.put("new.csv", "text\ngood room\n")),
        ("predict", RUN, "new.csv", "--output", "new.csv"),
        leaves=(),
    ),
    Case(
        "output is a folder",
        ("`--output answers`, and `answers` is a folder", "`--output answers`，而 `answers` 是文件夹"),
        ("name a file in it", "写其中的文件名"),
        lambda d: (d.run(), d.put("new.csv", "text\ngood room\n"), d.put("answers/old.csv", "x\n")),
        ("predict", RUN, "new.csv", "--output", "answers"),
        leaves=(),
    ),
)
