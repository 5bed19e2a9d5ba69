"""Find triples in texts: a tagger finds the entities, a relation model says how each two of them stand to each other.

In: the models of two finished runs, texts. Out: for each text its triples {head, relation, tail, score}, the surest
first; an entity is {start, end, text, type}. A relation's direction is resolved: "made_by(e2,e1)" of a pair becomes
made_by with head and tail changed over. Labels that mean "no relation" (see `metrics/relations.py`) give no triple.

`score` is the product of three probabilities taken as independent: the tagger's confidence in either span (that of its
least sure word) and the relation's probability given the two.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.errors import ModelError, UserError
from dongcha.locale import say
from dongcha.metrics.relations import parted
from dongcha.stations.predictor import Predictor, Row, load_predictor
from dongcha.tasks._predict import STRETCH, predict_rows
from dongcha.tasks.relation import has_room, marked
from dongcha.types import Prediction

MAX_PAIRS = 64  # pairs of entities of one text that are asked about, the nearest first
AT_ONCE = 256  # texts whose pairs go through the relation model together

Span = Mapping[str, Any]
Triple = dict[str, Any]
Pair = tuple[Span, Span]


@dataclass(frozen=True)
class Found:
    """What was found in a text: `entities` as the tagger gives spans, `triples`, and how many pairs were left out."""

    row: Row
    entities: Sequence[Span]
    triples: list[Triple]
    pairs_left_out: int


@dataclass(frozen=True)
class TripleFinder:
    """A tagger and a relation model; of a text at most `max_pairs` pairs are asked about, the nearest first.

    Triples of a score below `min_score` are not told. Pairs are asked about as the relation model was trained: in the
    text's order alone where it saw no other, each entity with its type where it saw types.
    """

    tagger: Predictor
    relations: Predictor
    max_pairs: int = MAX_PAIRS
    min_score: float = 0.0

    @property
    def first_field(self) -> str:
        """The field that the tagger reads."""
        return self.tagger.first_field

    def predict(
        self, rows: Iterable[str | Row], *, at_once: int = STRETCH, stream: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield one dict a row, in order: `triples`, the row's `id` if it has one, `pairs_left_out` if there are any.

        Rows are texts, or dicts with `text` (or `tokens`); `at_once` are taken before the first of them is answered.
        """
        for dataset in self.tagger.datasets(rows, at_once, stream):
            for found in self.find(dataset):
                yield answer(found)

    def predict_file(self, file: str, column: str | None = None) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Yield (the user's own columns, the answer) for each row of a file; `column` names the one with the text."""
        for found in self.find(self.tagger.dataset(file, column)):
            yield found.row, answer(found)

    def find(self, dataset: Dataset) -> Iterator[Found]:
        """Yield what is found in each text, in order; all pairs of AT_ONCE texts are asked about together."""
        tagged = self.tagger.predict_dataset(dataset)
        while part := list(islice(tagged, AT_ONCE)):
            yield from self._found([row for row, _ in part], [said["spans"] for _, said in part])

    def _found(self, rows: Sequence[Row], entities: Sequence[Sequence[Span]]) -> Iterator[Found]:
        texts = [row["text"] for row in rows]
        pairs = [
            nearest_pairs([span for span in spans if span["end"] <= reach], self.max_pairs)
            for spans, reach in zip(entities, self._reaches(texts), strict=True)
        ]
        pairs = self._readable(texts, pairs)
        asked = [(i, pair) for i, own in enumerate(pairs) for pair in self._both_ways(own)]
        triples: list[list[Triple]] = [[] for _ in rows]
        for (i, pair), said in zip(asked, self.said(texts, asked), strict=True):
            triples[i] += self.triples_of(texts[i], pair, said)
        for row, spans, own, told in zip(rows, entities, pairs, triples, strict=True):
            yield Found(row, spans, self._ranked(told), len(spans) * (len(spans) - 1) // 2 - len(own))

    def _both_ways(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Return pairs in the order of the text, and turned too where the relation model learnt from both orders."""
        turned = [] if getattr(self.relations.task, "in_order", False) else [(b, a) for a, b in pairs]
        return [*pairs, *turned]

    def said(self, texts: Sequence[str], asked: Sequence[tuple[int, Pair]]) -> Iterator[Prediction]:
        """Yield what the relation model says of each pair, given with the position of its text."""
        for start in range(0, len(asked), STRETCH):
            rows = self._rows(texts, asked[start : start + STRETCH])
            yield from predict_rows(self.relations.task, self.relations.model, rows)

    def _rows(self, texts: Sequence[str], asked: Sequence[tuple[int, Pair]]) -> dict[str, list[Any]]:
        heads, tails = ([self._place(pair[side]) for _, pair in asked] for side in (0, 1))
        return {"text": [texts[i] for i, _ in asked], "head": heads, "tail": tails}

    def _place(self, span: Span) -> dict[str, Any]:
        """Return an entity as the relation model takes it: with its type only where training showed that type."""
        kind = span["label"] if span["label"] in self.known_types else ""
        return {"start": span["start"], "end": span["end"], "type": kind}

    @property
    def known_types(self) -> tuple[str, ...]:
        """The types of entities that the relation model saw in training; none where it saw none."""
        types: tuple[str, ...] = getattr(self.relations.task, "types", ())
        return types

    def _readable(self, texts: Sequence[str], pairs: Sequence[Sequence[Pair]]) -> list[list[Pair]]:
        """Return the pairs of each text without those of which a mark has no room: they would be guessed."""
        asked = [(i, pair) for i, own in enumerate(pairs) for pair in own]
        read = iter(has_room(self._rows(texts, asked), self.relations.model.tokenizer))
        return [[pair for pair in own if next(read)] for own in pairs]

    @cached_property
    def _room(self) -> int:
        """Tokens that the relation model has at most for a text beside the marks of a pair."""
        places = [[{"start": at, "end": at + 1, "type": kind} for at in (0, 2)] for kind in ("", *self.known_types)]
        tokenizer = self.relations.model.tokenizer
        return max(1, tokenizer.room - int(tokenizer.encode([marked("a a", *pair) for pair in places]).lengths.min()))

    def _reaches(self, texts: Sequence[str]) -> np.ndarray:
        """Return how many characters of each text the relation model reads at most, beside the marks of a pair."""
        encoded = self.relations.model.tokenizer.encode(list(texts))
        whole = np.array([len(text) for text in texts], dtype=np.int64)
        is_cut = encoded.lengths > self._room
        whole[is_cut] = encoded.end[encoded.starts[:-1][is_cut] + self._room - 1]
        return whole

    def triples_of(self, text: str, pair: Pair, said: Prediction) -> list[Triple]:
        """Return the triples that a prediction makes of a pair (head, tail): none, one, or with several labels more."""
        label, task = said.target["label"], self.relations.task
        triples = []
        for name in label if isinstance(label, list) else [label]:
            if (found := parted(name)) is None:
                continue
            relation, is_turned = found
            head, tail = reversed(pair) if is_turned else pair
            prob = said.probabilities[task.labels.index(name)] if said.probabilities else said.confidence
            score = round(float(prob) * sureness(head) * sureness(tail), 4)
            told = {"head": entity(text, head), "relation": relation, "tail": entity(text, tail), "score": score}
            triples.append(told)
        return triples

    def _ranked(self, triples: Sequence[Triple]) -> list[Triple]:
        """Return triples surest first, each once (two orders of a pair may say the same), none below `min_score`."""
        surest: dict[tuple[Any, ...], Triple] = {}
        for told in sorted(triples, key=lambda t: (-t["score"], t["head"]["start"], t["tail"]["start"], t["relation"])):
            if told["score"] >= self.min_score:
                surest.setdefault(key_of(told), told)
        return list(surest.values())


def answer(found: Found) -> dict[str, Any]:
    """Return what is said of one text."""
    told: dict[str, Any] = {"id": found.row["id"]} if found.row.get("id") is not None else {}
    told["triples"] = found.triples
    return told | ({"pairs_left_out": found.pairs_left_out} if found.pairs_left_out else {})


def entity(text: str, span: Span) -> dict[str, Any]:
    """Return an entity as triples have it."""
    start, end = span["start"], span["end"]
    return {"start": start, "end": end, "text": text[start:end], "type": span["label"]}


def sureness(span: Span) -> float:
    """Return the tagger's confidence in a span; a span that was given and not found is sure."""
    return float(span.get("confidence", 1.0))


def key_of(triple: Triple) -> tuple[Any, ...]:
    """Return a triple as `metrics/triples.py` takes it: ((start, end, type), relation, (start, end, type))."""
    head, tail = (tuple(triple[side][key] for key in ("start", "end", "type")) for side in ("head", "tail"))
    return head, triple["relation"], tail


def nearest_pairs(spans: Sequence[Span], most: int) -> list[Pair]:
    """Return at most `most` pairs of spans that stand in order and apart, those with the fewest characters between.

    Cost grows with `most`, not with the pairs that there are: a span's partners come nearest first.
    """
    gaps = [(after["start"] - before["end"], i, i + 1) for i, (before, after) in enumerate(pairwise(spans))]
    heapify(gaps)
    pairs: list[Pair] = []
    while gaps and len(pairs) < most:
        _, i, j = heappop(gaps)
        pairs.append((spans[i], spans[j]))
        if j + 1 < len(spans):
            heappush(gaps, (spans[j + 1]["start"] - spans[i]["end"], i, j + 1))
    return pairs


def load_triples(tagger: Path, relations: Path, *, max_pairs: int = MAX_PAIRS, min_score: float = 0.0) -> TripleFinder:
    """Load two finished runs as one that finds triples; refuses models of other tasks, and types that never meet."""
    if max_pairs < 1:
        raise UserError(say("stations.max_pairs", found=max_pairs))
    both = {task: load_predictor(folder, 0.0) for task, folder in (("tagging", tagger), ("relation", relations))}
    for (wanted, found), folder in zip(both.items(), (tagger, relations), strict=True):
        if found.task.name != wanted:
            raise ModelError(say("stations.triples_task", folder=folder, found=found.task.name, wanted=wanted))
    finder = TripleFinder(both["tagging"], both["relation"], max_pairs, min_score)
    labels, known = finder.tagger.task.labels, finder.known_types
    if known and not {*known} & {*labels}:
        types = {"found": ", ".join(labels), "known": ", ".join(known)}
        raise ModelError(say("stations.triples_types", tagger=tagger, relations=relations, **types))
    return finder
