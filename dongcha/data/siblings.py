"""Find what stands beside a training file (validation, test, a corpus), and what to call such a set.

In: a path. Out: paths of the same set, by part of the recipe; a name. Goes by names only: `train.jsonl` has
`validation`, `valid`, `dev` or `val`, and `test`, with the same extension or another known one; `x_train.csv` has
`x_test.csv`; a folder has folders. Opens no file.
"""

import os
import re
from pathlib import Path

from dongcha.data.sources import BY_SUFFIX

CORPUS = ("corpus", "documents", "docs", "passages")
PARTS = {"validation": ("validation", "valid", "dev", "val"), "test": ("test",)}
TRAIN = "train"
_TRAIN_NAME = re.compile(r"((?:.*[_\-. ])?)train((?:[_\-. ].*)?)", re.IGNORECASE)
_SAYS_NOTHING = {TRAIN, "data", *PARTS, *(name for names in PARTS.values() for name in names)}


def training_file(path: Path) -> Path:
    """Return the one known file named `train` in a folder that has no sub-folders; else the path itself."""
    if not path.is_dir() or any(p.is_dir() for p in _entries(path)):
        return path
    found = [p for p in _entries(path) if p.stem.lower() == TRAIN and p.suffix.lower() in BY_SUFFIX]
    return found[0] if len(found) == 1 else path


def siblings(path: Path) -> dict[str, Path]:
    """Return the validation and test files, or folders, beside a training one; none where its name is not `train`."""
    stem, suffix = _stem(path), _suffix(path)
    match = _TRAIN_NAME.fullmatch(stem)
    if match is None:
        return {}
    before, after = match.groups()
    found: dict[str, Path] = {}
    for part, names in PARTS.items():
        wanted = [f"{before}{name}{after}".lower() for name in names]
        fitting = [p for p in _entries(path.parent) if _stem(p).lower() in wanted and _fits(p, path)]
        fitting.sort(key=lambda p: (wanted.index(_stem(p).lower()), _suffix(p) != suffix, p.name))
        found |= {part: fitting[0]} if fitting else {}
    return found


def corpus_file(path: Path) -> Path | None:
    """Return the file beside another one whose name says that it holds documents to be searched."""
    fitting = [p for p in _entries(path.parent) if _stem(p).lower() in CORPUS and p.is_file() and _suffix(p)]
    fitting.sort(key=lambda p: (CORPUS.index(_stem(p).lower()), _suffix(p) != _suffix(path), p.name))
    return next((p for p in fitting if p != path), None)


def set_name(path: Path) -> str:
    """Name a set by its file: `x` for `x_train.csv` and `x.csv`, the folder's name where the file's says nothing."""
    whole = Path(os.path.normpath(path.absolute()))
    for place in (whole, *whole.parents):
        match = _TRAIN_NAME.fullmatch(_stem(place))
        name = "".join(match.groups()).strip("_-. ") if match else _stem(place)
        if name and name.lower() not in _SAYS_NOTHING:
            return name
    return TRAIN


def _entries(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.name != "__pycache__")


def _suffix(path: Path) -> str:
    return path.suffix.lower() if path.suffix.lower() in BY_SUFFIX else ""


def _stem(path: Path) -> str:
    return path.stem if _suffix(path) else path.name


def _fits(path: Path, train: Path) -> bool:
    return path.is_dir() if train.is_dir() else path.is_file() and bool(_suffix(path))
