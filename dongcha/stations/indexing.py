"""Make, change and ask an index of texts with a model that embeds them.

In: a model's name, a corpus (a file of `doc,text`), a folder, questions. Out: an index folder that remembers which
model made its vectors (name, SHA-256 of the weights and of what says how texts are read, prefixes), and answers to
questions; another model is refused.
What is refused is refused before the first text is embedded, but for a folder that was filled meanwhile. Memory is that
of the corpus and its vectors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dongcha.data.load import ReadOptions, load
from dongcha.errors import ModelError, UserError
from dongcha.index import Hits, Index, editing, open_index
from dongcha.index.folder import refuse_foreign, refuse_standing
from dongcha.index.rows import torn_row
from dongcha.locale import say
from dongcha.models.source import NotAtHand
from dongcha.stations.embedder import STRETCH, Embedder, load_embedder
from dongcha.stations.predictor import FILE
from dongcha.types import Watch, silent

CACHE = Path("runs") / ".cache"  # where a package's model is rebuilt, below the folder that paths are relative to
TOLD_EVERY = 1024  # passages embedded between two words of how far it is
DOC, TEXT, QUERY = "doc", "text", "query"


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A file of passages: its name below `base`, and the columns of ids and of texts where they are named otherwise."""

    source: Any
    base: Path
    doc: str = DOC
    text: str = TEXT

    def read(self) -> tuple[list[str], list[str]]:
        """Return ids and texts; raises DataError with file and row, also where an id comes twice."""
        how: dict[str, Any] = {"options": ReadOptions(columns={DOC: self.doc, TEXT: self.text}), "given": "CORPUS"}
        dataset = load(self.source, (DOC, TEXT), base=self.base, cache=None, need_gold=False, **how)
        return dataset.column(DOC), dataset.column(TEXT)


def build_index(
    corpus: Corpus, model: str, folder: Path, *, query_prefix: str = "", passage_prefix: str = "", watch: Watch = silent
) -> Index:
    """Embed a corpus by a model (its name below the corpus's base) and save the index in a new or empty folder."""
    refuse_standing(folder)
    refuse_foreign(folder)
    ids, texts = corpus.read()
    prefixes = {"query_prefix": query_prefix, "passage_prefix": passage_prefix}
    embedder = load_embedder(model, base=corpus.base, cache=corpus.base / CACHE, **prefixes)
    home = corpus.base / model
    name = str(home.absolute()) if home.is_dir() else model
    card = {"model": name, "sha256": embedder.sha256, "beside": embedder.beside, **prefixes}
    index = Index.create(ids, texts, _embedded(embedder, texts, watch), card=card)
    index.save(folder, fresh=True)
    return index


def add_to_index(corpus: Corpus, folder: Path, *, model: str | None = None, watch: Watch = silent) -> Index:
    """Embed a corpus by the model that made the index (`model`: where it is now) and add it, whole or not at all."""
    with editing(folder) as index:
        ids, texts = corpus.read()
        index.rows.refuse_those_that_stand(ids)
        embedder = embedder_of(index, base=corpus.base, model=model)
        index.add(ids, texts, _embedded(embedder, texts, watch))
    return index


def embedder_of(index: Index, *, base: Path, model: str | None = None, given: str = "--model") -> Embedder:
    """Load the model that made an index; refuses one that weighs or reads otherwise, and an index that no model made.

    `model` says where it is now, `given` is what messages call that.
    """
    card = index.card
    if not isinstance(card.get("model"), str):
        raise ModelError(say("index.no_model"))
    prefixes = {key: str(card.get(key, "")) for key in ("query_prefix", "passage_prefix")}
    name = card["model"] if model is None else model
    try:
        embedder = load_embedder(name, base=base, cache=base / CACHE, **prefixes)
    except NotAtHand as error:
        raise ModelError(say("index.lost_model", name=name, given=given)) from error
    beside = card.get("beside", embedder.beside)  # an index of an earlier version does not say it
    for key, found, wanted in (
        ("index.other_model", embedder.sha256, card.get("sha256")),
        ("index.other_reading", embedder.beside, beside),
    ):
        if found != wanted:
            facts = {"name": name, "found": found[:12], "made": card["model"], "wanted": str(wanted)[:12]}
            raise ModelError(say(key, given=given, **facts))
    return embedder


def ask_index(
    folder: Path, queries: Sequence[str], *, k: int = 10, by: str = "hybrid", base: Path, model: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield for each question its text and its hits (doc, score, text), best first.

    `by` is hybrid, vectors or bm25; the last needs no model.
    """
    blank = next((row for row, query in enumerate(queries, 1) if not query.strip()), None)
    if blank is not None:
        raise UserError(say("index.blank", row=blank))
    if (torn := torn_row(queries)) is not None:
        raise UserError(say("index.no_text", what=QUERY, row=torn))
    index = open_index(folder)
    embedder = None if by == "bm25" else embedder_of(index, base=base, model=model)
    for start in range(0, len(queries), STRETCH):
        part = list(queries[start : start + STRETCH])
        hits = _asked(index, part, by, k, embedder)
        for query, ids, scores in zip(part, *hits, strict=True):
            rows = zip(ids, scores, index.texts(ids), strict=True)
            yield {QUERY: query, "hits": [{DOC: d, "score": round(float(s), 6), TEXT: t} for d, s, t in rows]}


def _asked(index: Index, queries: list[str], by: str, k: int, embedder: Embedder | None) -> Hits:
    if embedder is None:
        return index.bm25(queries, k)
    vectors = embedder.queries(queries)
    return index.search(vectors, k) if by == "vectors" else index.hybrid(queries, vectors, k)


def read_queries(file: str, *, base: Path, column: str | None = None) -> list[str]:
    """Return the questions of a file: of `column`, else of its column `query`, else of `text`."""
    field, columns = (TEXT, {TEXT: column}) if column else (f"{QUERY}|{TEXT}", {})
    how: dict[str, Any] = {"options": ReadOptions(columns=columns), "given": FILE}
    dataset = load(file, (field,), base=base, cache=None, need_gold=False, **how)
    return dataset.column(TEXT if column or QUERY not in dataset.columns else QUERY)


def _embedded(embedder: Embedder, texts: list[str], watch: Watch) -> np.ndarray:
    parts = [np.zeros((0, embedder.width), np.float32)]
    for start in range(0, len(texts), TOLD_EVERY):
        parts.append(embedder.passages(texts[start : start + TOLD_EVERY]))
        watch("embedding", done=min(start + TOLD_EVERY, len(texts)), total=len(texts))
    return np.concatenate(parts)
