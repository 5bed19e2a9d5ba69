"""Keep an index on disk so that a reader finds the old one or the new one, whatever dies in between.

In: rows, graph, lexicon, card. Out: a folder with one finished generation of files, and `index.json`, which names it
and is written last; what an earlier writer left is cleared by the next. Reading hashes every file first (the engine
would read a damaged one), so it takes time linear in the files. An index is to be trusted as far as its folder is.
"""

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dongcha import files
from dongcha.errors import DataError
from dongcha.index.graph import Graph
from dongcha.index.lexicon import Lexicon
from dongcha.index.rows import SCHEMA, Rows
from dongcha.locale import say
from dongcha.types import Json

CARD = "index.json"  # names the generation in force, and says of what form it is
FORMAT = 1
ROWS, VECTORS, KEYS, GRAPH, LEXICON = "rows.arrow", "vectors.npy", "keys.npy", "graph.usearch", "lexicon"
_GENERATION = re.compile(r"g-[0-9a-f]{16}")
BATCH_ROWS = 1 << 16
MOST_READS = 100  # of one index while writers put others in force

Parts = tuple[Rows, Graph, Lexicon, dict[str, Json]]


def new_generation() -> str:
    """Return a name that no generation has."""
    return f"g-{secrets.token_hex(8)}"


def write(folder: Path, generation: str, parts: Parts) -> None:
    """Write a generation, then name it in `index.json`, then clear the others; the caller holds the folder's lock."""
    rows, graph, lexicon, card = parts
    with files.new_folder(folder / generation) as new:
        table = rows.table.combine_chunks()
        with pa.OSFile(str(new / ROWS), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
            writer.write_table(table, max_chunksize=BATCH_ROWS)
        np.save(new / VECTORS, rows.vectors, allow_pickle=False)
        np.save(new / KEYS, rows.keys, allow_pickle=False)
        graph.save(new / GRAPH)
        lexicon.save(new / LEXICON)
    facts = {"width": int(rows.vectors.shape[1]), "rows": len(rows), "next_key": rows.next_key, "places": graph.places}
    files.write_json(folder / CARD, {"format": FORMAT, "generation": generation, **facts, "card": dict(card)})
    for path in folder.iterdir():
        if _GENERATION.fullmatch(path.name) and path.name != generation:
            shutil.rmtree(path, ignore_errors=True)


def read(folder: Path) -> tuple[str, Parts]:
    """Read the generation in force, by its name; raises DataError for a folder that is no index, damaged or later."""
    facts = facts_of(folder)
    for _ in range(MOST_READS):
        try:
            return facts["generation"], _generation(folder, facts)
        except DataError:
            tried, facts = facts, facts_of(folder)
            if facts["generation"] == tried["generation"]:
                raise  # else a writer put a new one in force meanwhile, and cleared the old
    return facts["generation"], _generation(folder, facts)


def _generation(folder: Path, facts: Mapping[str, Any]) -> Parts:
    with _undamaged(folder):
        home = folder / facts["generation"]
        refuse_damaged(folder, home)
        with pa.memory_map(str(home / ROWS)) as source:
            table = pa.ipc.open_file(source).read_all()
        vectors = np.load(home / VECTORS, mmap_mode="r", allow_pickle=False)
        keys = np.load(home / KEYS, allow_pickle=False)
        graph = Graph.load(home / GRAPH, facts["width"], facts["places"])
        rows = Rows(table, vectors, keys, next_key=facts["next_key"])
        counts = {facts["rows"], table.num_rows, len(vectors), len(keys), len(graph)}
        if len(counts) > 1 or table.schema != SCHEMA or vectors.shape[1] != facts["width"]:
            raise ValueError(f"rows {sorted(counts)}")
        return rows, graph, Lexicon.load(home / LEXICON), dict(facts["card"])


def facts_of(folder: Path) -> dict[str, Any]:
    """Read what `index.json` says; raises DataError where the folder is no index, or of a later form."""
    if not (folder / CARD).is_file():
        raise DataError(say("index.none" if folder.is_dir() else "index.no_folder", folder=folder))
    with _undamaged(folder / CARD):
        facts: dict[str, Any] = files.read_json(folder / CARD)
        form = facts["format"]
        if isinstance(form, int) and form > FORMAT:
            raise DataError(say("index.later", folder=folder, found=form, known=FORMAT))
        if not _GENERATION.fullmatch(facts["generation"]) or form != FORMAT:
            raise ValueError("generation, format")
        return facts


def refuse_damaged(folder: Path, home: Path) -> None:
    """Refuse a generation that is not finished, or whose files are not those that were written."""
    if not files.is_done(home):
        raise DataError(say("index.damaged", file=home / files.DONE, error=say("index.missing")))
    for name, digest in files.read_json(home / files.DONE)["files"].items():
        path = files.inside(home, name)
        if not path.is_file():
            raise DataError(say("index.damaged", file=path, error=say("index.missing")))
        if files.hash_file(path) != digest:
            raise DataError(say("index.damaged", file=path, error=say("index.changed")))


def refuse_standing(folder: Path) -> None:
    """Refuse a place to make a new index where one stands."""
    if (folder / CARD).is_file():
        raise DataError(say("index.stands", folder=folder))


def refuse_changed(folder: Path, known: Set[str]) -> None:
    """Refuse a place to save an index where a generation stands that is none of the `known` ones it comes from."""
    if (folder / CARD).is_file() and facts_of(folder)["generation"] not in known:
        raise DataError(say("index.changed_since", folder=folder))


def refuse_foreign(folder: Path) -> None:
    """Refuse a place to write that is a file, or a folder with content that is no index."""
    if folder.exists() and not folder.is_dir():
        raise DataError(say("index.is_file", folder=folder))
    if folder.is_dir() and not (folder / CARD).is_file() and any(not p.name.startswith(".") for p in folder.iterdir()):
        if all(_GENERATION.fullmatch(p.name) for p in folder.iterdir() if not p.name.startswith(".")):
            return  # what a writer left that was killed before its first `index.json`
        raise DataError(say("index.foreign", folder=folder))


@contextmanager
def _undamaged(file: Path) -> Iterator[None]:
    """Say of what does not read as we wrote it that it is damaged."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, OSError) as error:
        found = f"{type(error).__name__}: {error}".split("\n")[0][:120]
        raise DataError(say("index.damaged", file=file, error=found)) from error
