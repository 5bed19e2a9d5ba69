"""Hold encoded rows: token sequences laid end to end, with what is known of each token and of each sequence.

In: column chunks from a task's `encode`. Out: padded batches as numpy arrays. One row of a data set may have several
features (windows of a long text). Columns are flat arrays, memory-mapped when they live on disk, so a corpus larger
than memory is read page by page; memory is that of one batch.

Shape letters: N features, S all tokens, B features of a batch, T its longest feature.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dongcha import files
from dongcha.data.fields import form

ROOMS = ("data", "models", "pretrain", "tasks")  # whose code makes features
IGNORED = -100  # a target that no loss reads
PADDING = {
    "input_ids": 0,
    "target": IGNORED,
    "next": IGNORED,
    "word": -1,
    "begin": -1,
    "end": -1,
}  # what a padded place holds, by token column; else 0
META = "features.json"
OWN = "own"  # whether a feature is of a task's own rows

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class Features:
    """Features of one split.

    `starts` (N + 1,) int64 are the bounds of each feature in the token columns; `tokens` maps names to arrays (S,):
    `input_ids` always, by task `target`, `word`; `units` maps names to arrays (N, ...): `row` always, the 0-based
    row of the data set, by task `target` (of several tasks each `<name>.target`, and where each has rows of its own
    `<name>.own`, bool: whether a feature is of them), and `group` where some must share a
    batch (a query and its passages, the choices of a question): its features stand together and have one number.
    `facts` counts what encoding did (rows cut, spans damaged).
    """

    starts: np.ndarray
    tokens: Mapping[str, np.ndarray]
    units: Mapping[str, np.ndarray]
    facts: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each feature, special ones included; int32 (N,)."""
        return np.diff(self.starts).astype(np.int32)

    @property
    def groups(self) -> np.ndarray | None:
        """The number of each feature's group (N,); None where each stands by itself."""
        return self.units.get("group")

    @property
    def tasks(self) -> np.ndarray | None:
        """The number of the task that each feature belongs to (N,); None where all are every task's."""
        own = [np.asarray(column) for name, column in self.units.items() if form(name) == OWN]
        return np.argmax(own, axis=0) if own else None

    def take(self, indices: np.ndarray) -> "Features":
        """Return the features of these 0-based numbers, in this order."""
        lengths = self.lengths[indices]
        ends = np.cumsum(lengths, dtype=np.int64)
        shifts = np.repeat(self.starts[indices] - ends + lengths, lengths)
        places = np.arange(len(shifts)) + shifts
        tokens = {name: np.asarray(column[places]) for name, column in self.tokens.items()}
        units = {name: np.asarray(column[indices]) for name, column in self.units.items()}
        return Features(bounds(lengths), tokens, units, self.facts)

    def parts(self, indices: np.ndarray, count: int) -> list[np.ndarray]:
        """Cut a batch's indices into at most `count` parts of about one size, none empty and no group torn apart."""
        if self.groups is None:
            return [part for part in np.array_split(indices, count) if len(part)]
        opens = np.flatnonzero(np.diff(np.asarray(self.groups[indices]), prepend=-1))
        chosen = [part[0] for part in np.array_split(opens, count) if len(part)]
        return np.split(indices, chosen[1:])

    def batch(self, indices: np.ndarray, pad_id: int) -> Batch:
        """Gather features into padded arrays (B, T) plus `mask` (B, T) bool; unit columns stay (B, ...)."""
        starts = self.starts[indices]
        lengths = self.starts[indices + 1] - starts
        longest = int(lengths.max(initial=1))
        places = np.arange(longest)
        mask = places < lengths[:, None]
        source = (starts[:, None] + places)[mask]
        out: Batch = {"mask": mask}
        for name, column in self.tokens.items():
            fill = pad_id if name == "input_ids" else PADDING.get(form(name), 0)
            padded = np.full(mask.shape, fill, dtype=np.int64)
            padded[mask] = column[source]
            out[name] = padded
        for name, column in self.units.items():
            out[f"unit_{name}"] = np.asarray(column[indices])
        return out


@dataclass(frozen=True)
class Chunk:
    """What `Task.encode` gives for a few rows: the same columns as Features, of those rows only."""

    lengths: np.ndarray
    tokens: Mapping[str, np.ndarray]
    units: Mapping[str, np.ndarray]
    facts: Mapping[str, int]


def gather(chunks: Iterable[Chunk], folder: Path | None = None) -> Features:
    """Join chunks: in memory, or appended to flat files in `folder` and memory-mapped when it is given."""
    return _gather_on_disk(chunks, folder) if folder else _gather_in_memory(list(chunks))


def cached(key: str, root: Path | None, chunks: Callable[[], Iterable[Chunk]]) -> Features:
    """Return the features stored under `key`, made and stored at the first call; in memory when there is no root.

    What another state of our code made is made anew.
    """
    if root is None:
        return gather(chunks())
    folder = root / files.hash_value([key, our_code()])[:32]
    if not files.is_done(folder):
        with files.new_folder(folder) as new:
            gather(chunks(), new)
    return open_features(folder)


@cache
def our_code(root: Path = Path(__file__).parents[1]) -> str:
    """Return a digest of all code of ours that may have a part in features; strangers' tasks are not seen."""
    found = sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))
    return files.hash_value([[str(path.relative_to(root)), files.hash_file(path)] for path in found])


def _sum_facts(total: dict[str, int], new: Mapping[str, int]) -> None:
    for name, count in new.items():
        total[name] = total.get(name, 0) + int(count)


def _gather_in_memory(chunks: list[Chunk]) -> Features:
    facts: dict[str, int] = {}
    for chunk in chunks:
        _sum_facts(facts, chunk.facts)

    def join(kind: str) -> dict[str, np.ndarray]:
        columns = [getattr(chunk, kind) for chunk in chunks]
        return {name: np.concatenate([c[name] for c in columns]) for name in (columns[0] if columns else {})}

    lengths = np.concatenate([chunk.lengths for chunk in chunks]) if chunks else np.zeros(0, np.int64)
    return Features(bounds(lengths), join("tokens"), join("units"), facts)


def bounds(lengths: np.ndarray) -> np.ndarray:
    """Turn lengths (N,) into start offsets (N + 1,) int64."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def within(lengths: np.ndarray) -> np.ndarray:
    """Count from 0 in each of the stretches of these lengths (N,) that lie end to end: (S,) int64."""
    starts = bounds(lengths)
    counted: np.ndarray = np.arange(int(starts[-1])) - np.repeat(starts[:-1], lengths)
    return counted


def _gather_on_disk(chunks: Iterable[Chunk], folder: Path) -> Features:
    facts: dict[str, int] = {}
    meta: dict[str, Any] = {"tokens": {}, "units": {}}
    with files.disk_errors(folder):
        for chunk in chunks:
            _sum_facts(facts, chunk.facts)
            _append(folder / "lengths.bin", chunk.lengths.astype(np.int32))
            for kind in ("tokens", "units"):
                for name, column in getattr(chunk, kind).items():
                    _append(folder / f"{kind}.{name}.bin", column)
                    meta[kind][name] = [str(column.dtype), list(column.shape[1:])]
    files.write_json(folder / META, meta | {"facts": facts})
    return open_features(folder)


def _append(path: Path, values: np.ndarray) -> None:
    with path.open("ab") as handle:
        handle.write(np.ascontiguousarray(values).tobytes())


def _map(path: Path, dtype: str, shape: list[int]) -> np.ndarray:
    if not path.exists() or path.stat().st_size == 0:
        return np.zeros((0, *shape), dtype=dtype)
    flat = np.memmap(path, dtype=dtype, mode="r")
    return flat.reshape(-1, *shape) if shape else flat


def open_features(folder: Path) -> Features:
    """Memory-map features that were gathered into a folder."""
    meta = files.read_json(folder / META)
    columns = {
        kind: {name: _map(folder / f"{kind}.{name}.bin", *spec) for name, spec in meta[kind].items()}
        for kind in ("tokens", "units")
    }
    lengths = _map(folder / "lengths.bin", "int32", [])
    return Features(bounds(lengths), columns["tokens"], columns["units"], meta["facts"])
