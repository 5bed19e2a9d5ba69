"""Follow `extends: base.yaml` to the recipe that a recipe starts from.

In: a recipe file. Out: one `Document`, each recipe laid over its base. Relative paths to data and models in a base that
lies in another folder are rewritten, so that each still starts at the file that states it.
"""

import os
from pathlib import Path

from dongcha.config.places import Document, KeyPath, lookup, overlay
from dongcha.config.sections import SOURCES, Rows
from dongcha.config.yaml12 import read_document, refuse

_SCHEMES = ("hf:", "modelscope:", "package:")


def read_chain(path: Path) -> Document:
    """Read a recipe and all it extends; a base that is missing or comes round again is refused with its place."""
    documents: list[Document] = []
    seen: list[Path] = []
    here, place = path, ""
    while True:
        document = read_document(here, place)
        seen.append(here.resolve())
        documents.append(_moved(document, here.parent, path.parent))
        base = document.value.pop("extends", None)
        if base is None:
            break
        place = document.place(("extends",))
        if not isinstance(base, str) or not base.strip():
            raise refuse(place, "config.extends_text")
        here = here.parent / base
        if here.resolve() in seen:
            raise refuse(place, "config.extends_cycle", base=base)
    whole = documents.pop()
    while documents:
        whole = overlay(whole, documents.pop())
    return whole


def _moved(document: Document, home: Path, goal: Path) -> Document:
    """Rewrite the relative paths of a document whose paths start at `home`, so that they start at `goal`."""
    if home.resolve() == goal.resolve():
        return document
    tests = lookup(document.value, ("data", "tests"))
    extra: list[KeyPath] = [("data", "tests", name) for name in tests] if isinstance(tests, dict) else []
    tasks = document.value.get("tasks")
    numbers = range(len(tasks) if isinstance(tasks, list) else 0)
    own = [("tasks", i, "data", key) for i in numbers for key in SOURCES if key in Rows.model_fields]
    for path in (*(("data", key) for key in SOURCES), *extra, *own, ("pretrain", "corpus"), ("model",)):
        parent = lookup(document.value, path[:-1])
        stated = parent.get(path[-1]) if isinstance(parent, dict) else None
        if isinstance(stated, str) and _is_relative(stated) and (path != ("model",) or (home / stated).is_dir()):
            parent[path[-1]] = os.path.relpath((home / stated).absolute(), goal.absolute())
    return document


def _is_relative(value: str) -> bool:
    return bool(value) and not value.startswith(_SCHEMES) and not Path(value).is_absolute()
