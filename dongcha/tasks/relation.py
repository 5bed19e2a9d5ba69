"""Tell how two marked entities of a text stand to each other.

Rows: `text`, `head` and `tail` ({start, end}, characters; a `type` where entities are typed), `label`. The text is
given to the model with the entities between marks that every vocabulary has: `@` around the head, `#` around the tail,
a type between `*` or `^` in front (typed punctuation markers: Zhou and Chen 2022, "An Improved Baseline for
Sentence-level Relation Extraction", section 3.1). A label's direction, "(e1,e2)" or "(e2,e1)", is part of it.
Metrics: see `metrics/relations.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk
from dongcha.metrics import Metric, Outcome, relations
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts
from dongcha.tasks._labelled import Labelled
from dongcha.types import Prediction

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False
PLAIN_NOTE = "with its marks: the @ door @ of the # car #"  # what the model card says of its lines
MARKS = {"head": ("@", "*"), "tail": ("#", "^")}  # around the entity, around its type

Place = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Task(Labelled):
    """Classification of two places of one text.

    What training showed, so that pairs found later are asked about in no other way: `types` of its places, sorted;
    `in_order` when every head stood before its tail.
    """

    types: tuple[str, ...] = ()
    in_order: bool = False

    name = "relation"
    fields = ("text", "head", "tail", "label")
    num_inputs = 3
    baselines = ("majority", "tfidf_linear")

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Find the labels, the types and the order of the places in the training rows."""
        places = list(zip(train.column("head"), train.column("tail"), strict=True))
        types = {place.get("type") for pair in places for place in pair} - {None, ""}
        in_order = all(head["start"] < tail["start"] for head, tail in places)
        return replace(super().learn(train, lengths), types=tuple(sorted(types)), in_order=in_order)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Rebuild the task of a saved model; an earlier version's card has neither types nor order."""
        seen = {"types": tuple(card.get("types", ())), "in_order": card.get("in_order", False)}
        return replace(super().from_card(card), **seen)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return super().card() | {"types": list(self.types), "in_order": self.in_order}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of relations, macro F1 over the relations proper first; of label lists, theirs."""
        return super().metrics if self.multi else relations.metrics(self.labels)

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay gold and predicted label ids side by side."""
        found = super().outcome(rows, predictions)
        return found if self.multi else replace(found, gold=relations.gold_ids(rows["label"], self.labels))

    def texts(self, rows: Columns) -> Texts:
        """Return the texts with both entities marked."""
        return (texts_of(rows),)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features; `cut_places` counts the rows of which a mark has no room."""
        chunk = super().encode(rows, tokenizer, first_row)
        if not chunk.facts["cut_rows"]:
            return chunk
        return replace(chunk, facts={**chunk.facts, "cut_places": int((~has_room(rows, tokenizer)).sum())})


def has_room(rows: Columns, tokenizer: Tokenizer) -> np.ndarray:
    """Tell of each row whether the model reads both entities to their closing marks, (rows,) bool."""
    if not rows["text"]:
        return np.zeros(0, dtype=bool)
    texts = texts_of(rows)
    encoded = tokenizer.encode(texts)
    sizes = np.array([len(text) for text in texts], dtype=np.int64)
    last = sizes - [len(text) - last_of(rows, i) for i, text in enumerate(rows["text"])]  # where the last mark ends
    is_cut = encoded.lengths > tokenizer.room
    sizes[is_cut] = encoded.end[encoded.starts[:-1][is_cut] + tokenizer.room - 1]
    return np.asarray(sizes >= last)


def texts_of(rows: Columns) -> list[str]:
    """Return the texts of rows with both entities marked."""
    return [marked(*row) for row in zip(rows["text"], rows["head"], rows["tail"], strict=True)]


def last_of(rows: Columns, row: int) -> int:
    """Return the character at which the later of a row's two entities ends."""
    return max(int(rows[side][row]["end"]) for side in MARKS)


def marked(text: str, head: Place, tail: Place) -> str:
    """Return a text with marks around both entities; one entity may lie inside the other.

    >>> marked("the door of the car", {"start": 4, "end": 8}, {"start": 16, "end": 19})
    'the @ door @ of the # car #'
    """
    cuts = []  # (place, closes before opens, the outer opens first and closes last, so does the head, what is put)
    for order, (side, entity) in enumerate((("head", head), ("tail", tail))):
        mark, around = MARKS[side]
        kind = f"{around} {entity['type']} {around} " if entity.get("type") else ""
        size = entity["end"] - entity["start"]
        cuts.append((entity["start"], 1, -size, order, f"{mark} {kind}"))
        cuts.append((entity["end"], 0, size, -order, f" {mark}"))
    parts, at = [], 0
    for place, *_, put in sorted(cuts):
        parts += [text[at:place], put]
        at = place
    return "".join([*parts, text[at:]])
