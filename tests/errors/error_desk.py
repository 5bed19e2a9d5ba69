"""A fresh folder in which a command line is run in this process: what it said, its exit code, what it changed.

In: files that a case puts there, arguments. Out: an Outcome whose message is neutral (no path above the folder, no
process id, no count of free bytes), so that it reads the same on every machine.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dongcha.cli import app
from dongcha.cli._door import guarded
from dongcha.config import yaml_text
from dongcha.locale import use_language
from dongcha.testing import tiny_encoder, tiny_rows, tiny_writer

RUN = "runs/reviews/3f9a1c07"  # where a desk that asks for one has a finished run
RECIPE: Mapping[str, Any] = {
    "name": "reviews",
    "task": "classification",
    "data": {"train": "rows.jsonl"},
    "model": "encoder",
    "train": {"epochs": 1, "learning_rate": 1e-3},
    "threads": 1,
}
NEUTRAL = (  # what differs from machine to machine, and what stands for it
    (re.compile(r"/[\w./-]*?/site-packages/"), ".../site-packages/"),
    (re.compile(r"(process|进程) \d+"), r"\1 4711"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"), "2026-01-31T09:30:00"),
    (re.compile(r"(free|剩余) ?\d+|\d+ (free)"), lambda m: "12345 free" if m[2] else f"{m[1]} 12345"),
    (re.compile(r"(at least |至少需要 )\d+(?= bytes| 字节)"), r"\g<1>67890"),
    (re.compile(r"(give at least |请至少给 )[\d.]+"), r"\g<1>0.2"),
    (re.compile(r"rows-[0-9a-f]{32}"), "rows-5c1e"),
    (re.compile(r"(SHA-256 (?:为 )?)[0-9a-f]{12}"), r"\g<1>5c1e0b7d2f3a"),
    (re.compile(r"runs/(\w+)/(?!3f9a1c07)[0-9a-f]{8}\b"), r"runs/\1/0b5e7d21"),
)


@dataclass(frozen=True)
class Outcome:
    """How a command line ended: exit code, stdout, the message on stderr, and the files it harmed or left."""

    code: int
    out: str
    message: str
    harmed: tuple[str, ...]
    left: tuple[str, ...]


@dataclass
class Desk:
    """A folder with what a case needs; every method that writes returns nothing, so that they stand in a list."""

    root: Path
    stdin: str | bytes = ""
    argv: list[str] = field(default_factory=list)

    def put(self, name: str, content: str | bytes) -> None:
        """Write a file, its folders made."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)

    def rows(self, name: str = "rows.jsonl", count: int = 24, task: str = "classification") -> None:
        """Write good rows."""
        self.put(name, "".join(f"{line}\n" for line in map(_json, tiny_rows(task, count))))

    def recipe(self, name: str = "recipe.yaml", **sections: Any) -> None:
        """Write a recipe: the plain one with these sections put over its own."""
        self.put(name, yaml_text({**RECIPE, **sections}))

    def encoder(self, name: str = "encoder", without: tuple[str, ...] = ()) -> Path:
        """Copy the tiny encoder here, some files left out."""
        shutil.copytree(_encoder(), self.root / name, ignore=shutil.ignore_patterns(*without))
        return self.root / name

    def writer(self, kind: str = "llama", name: str = "writer") -> Path:
        """Copy a tiny model that writes here."""
        shutil.copytree(_writer(kind), self.root / name)
        return self.root / name

    def run(self, task: str = "classification", at: str = RUN) -> Path:
        """Copy a finished run here."""
        shutil.copytree(_finished(task), self.root / at)
        return self.root / at

    def plain(self, **sections: Any) -> None:
        """Put recipe, rows and model."""
        self.recipe(**sections), self.rows(), self.encoder()


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


@cache
def workshop() -> Path:
    """Return a folder for what is made once, taken away at the end."""
    import atexit
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="desk-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _encoder() -> Path:
    return tiny_encoder(workshop() / "encoder")


@cache
def _writer(kind: str) -> Path:
    return tiny_writer(workshop() / kind, kind=kind)


@cache
def _finished(task: str) -> Path:
    """Finish a tiny run once."""
    import dongcha

    rows = tiny_rows(task, 40)
    recipe = dongcha.Recipe(
        **{**RECIPE, "task": task, "data": {"train": rows}, "model": str(_encoder()), "language": "en"},
        folder=workshop() / task,
    )
    return workshop() / task / dongcha.run(recipe).folder


def prints(root: Path) -> dict[str, str]:
    """Map each file below a folder to its SHA-256; locks are no content."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def neutral(text: str, root: Path) -> str:
    """Take out of a message what differs from machine to machine."""
    for place in {str(root), str(root.resolve())}:
        text = text.replace(f"{place}/", "").replace(place, ".")
    for pattern, stand_in in NEUTRAL:
        text = pattern.sub(stand_in, text)
    return text.strip()


def command(desk: Desk, argv: tuple[str, ...], language: str, around: Any = None) -> Outcome:
    """Run a command line in a desk's folder and say how it ended."""
    before = prints(desk.root)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_speaking(language))
        stack.enter_context(contextlib.chdir(desk.root))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(_reading(desk.stdin))
        if around is not None:
            stack.enter_context(around(desk))
        code = guarded(app, list(argv))
    after = prints(desk.root)
    harmed = tuple(name for name, digest in before.items() if after.get(name) != digest)
    left = tuple(name for name in after if name not in before)
    return Outcome(code, out.getvalue(), _message(err.getvalue(), desk.root), harmed, left)


def _message(told: str, root: Path) -> str:
    """Return what stands on stderr from the refusal on; what was told of the work before it is another matter."""
    _, mark, refusal = told.rpartition("dongcha: ")
    return neutral(refusal if mark else told, root)


@contextlib.contextmanager
def _speaking(language: str) -> Iterator[None]:
    kept = os.environ.get("DONGCHA_LANG")
    os.environ["DONGCHA_LANG"] = language
    use_language(None)
    try:
        yield
    finally:
        os.environ.pop("DONGCHA_LANG") if kept is None else os.environ.update(DONGCHA_LANG=kept)
        use_language(None)


@contextlib.contextmanager
def _reading(text: str | bytes) -> Iterator[None]:
    content = text.encode("utf-8") if isinstance(text, str) else text
    kept, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = kept
