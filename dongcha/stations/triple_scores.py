"""Score found triples against rows of relations, and show which of the two models loses them.

In: a TripleFinder, a file of rows with `text`, `head`, `tail`, `label`. Out: `TripleScores`. Rows of one text are
merged first: their relations proper are its gold triples, their places its entities. Beside strict and relaxed F1 stand
the tagger alone (F1 over entities) and the relation model alone (strict F1 of the marked pairs, entities given).
Gold that marks one pair of a text, as SemEval's does, counts all others that are found as wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dongcha.data.dataset import Dataset
from dongcha.data.entities import ENTITY
from dongcha.judge.intervals import interval
from dongcha.metrics import Outcome, spans
from dongcha.metrics.triples import FIGURES, Entity, Triple, metrics
from dongcha.stations.triples import Found, TripleFinder, key_of
from dongcha.types import Interval, Prediction

SEED = 13  # of the bootstrap

Figures = Mapping[str, Interval]  # f1, precision, recall


@dataclass
class Gold:
    """A text with all that its rows say: its first row's id, the places by (start, end, type), and the triples.

    `given` are the triples that the relation model makes of the marked pairs.
    """

    id: Any
    entities: dict[Entity, None] = field(default_factory=dict)
    triples: dict[Triple, Any] = field(default_factory=dict)
    given: set[Triple] = field(default_factory=set)


@dataclass(frozen=True)
class TripleScores:
    """How well triples are found: `figures` of strict, relaxed, entities, relations; counts; each text with both sides.

    `merged_rows` are rows beyond a text's first; `texts` hold text, triples found and gold.
    """

    rows: int
    merged_rows: int
    gold: int
    found: int
    pairs_left_out: int
    figures: Mapping[str, Figures]
    texts: Sequence[Mapping[str, Any]]

    def plain(self) -> dict[str, Any]:
        """Return counts and figures as JSON has them: value, low, high."""
        counts = ("rows", "merged_rows", "gold", "found", "pairs_left_out")
        figures = {
            kind: {name: [round(v, 4) for v in (i.value, i.low, i.high)] for name, i in own.items()}
            for kind, own in self.figures.items()
        }
        return {name: getattr(self, name) for name in counts} | figures


def score_triples(finder: TripleFinder, file: str) -> TripleScores:
    """Find the triples of a file's texts, and score them by its own head, tail and label."""
    dataset = finder.relations.gold(file)
    gold = gathered(finder, dataset)
    found = list(finder.find(next(finder.tagger.datasets(gold, max(1, len(gold))))))
    typed = any(kind for own in gold.values() for _, _, kind in own.entities)
    names = [[named(key_of(t), typed) for t in one.triples] for one in found]
    true = [[named(t, typed) for t in own.triples] for own in gold.values()]
    entities = Outcome(
        [[named_entity(e, typed) for e in own.entities] for own in gold.values()],
        [[named_entity((s["start"], s["end"], s["label"]), typed) for s in one.entities] for one in found],
    )
    given = [[named(t, typed) for t in own.given] for own in gold.values()]
    by_triple = metrics()
    figures = {
        kind: {name: interval(by_triple[f"{kind}_{name}"], Outcome(true, names), SEED) for name in FIGURES}
        for kind in ("strict", "relaxed")
    }
    by_span = spans.metrics(())
    figures["entities"] = {name: interval(by_span[name], entities, SEED) for name in FIGURES}
    figures["relations"] = {name: interval(by_triple[f"strict_{name}"], Outcome(true, given), SEED) for name in FIGURES}
    return TripleScores(
        rows=len(gold),
        merged_rows=len(dataset) - len(gold),
        gold=sum(map(len, true)),
        found=sum(map(len, names)),
        pairs_left_out=sum(one.pairs_left_out for one in found),
        figures=figures,
        texts=[both_sides(text, own, one) for (text, own), one in zip(gold.items(), found, strict=True)],
    )


def gathered(finder: TripleFinder, dataset: Dataset) -> dict[str, Gold]:
    """Merge rows by text, each with what the relation model says of its pair, asked about as of a found one."""
    gold: dict[str, Gold] = {}
    rows = list(rows_of(dataset))
    pairs = [[{**row[side], "label": row[side].get("type") or ""} for side in ("head", "tail")] for row in rows]
    said = finder.said([row["text"] for row in rows], [(i, (head, tail)) for i, (head, tail) in enumerate(pairs)])
    for row, pair, prediction in zip(rows, pairs, said, strict=True):
        own = gold.setdefault(row["text"], Gold(row.get("id")))
        own.entities |= dict.fromkeys((s["start"], s["end"], s["label"]) for s in pair)
        true = Prediction(prediction.row, {"label": row["label"]}, 1.0)
        for told in finder.triples_of(row["text"], (pair[0], pair[1]), true):
            del told["score"]
            own.triples[key_of(told)] = told
        own.given |= {key_of(told) for told in finder.triples_of(row["text"], (pair[0], pair[1]), prediction)}
    return gold


def both_sides(text: str, gold: Gold, found: Found) -> dict[str, Any]:
    """Return a text with what was found and what is gold."""
    told = {"id": gold.id} if gold.id is not None else {}
    return told | {"text": text, "triples": found.triples, "gold": list(gold.triples.values())}


def rows_of(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set as dicts."""
    for batch in dataset.batches():
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(batch, values, strict=True))


def named_entity(one: Entity, typed: bool) -> Entity:
    """Return an entity as both sides are compared: without types where gold has none, else with `entity` for none."""
    start, end, kind = one
    return (start, end, kind or ENTITY) if typed else (start, end, "")


def named(triple: Triple, typed: bool) -> Triple:
    """Return a triple whose entities are as both sides are compared."""
    head, relation, tail = triple
    return named_entity(head, typed), relation, named_entity(tail, typed)
