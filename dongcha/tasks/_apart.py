"""Read the two texts of a row apart (two towers of one encoder): each becomes a vector that can be kept and compared.

In: rows of `text_a` and `text_b`. Out: two features a row, in one group. Labels are told from both vectors and their
difference (`models/heads/towers.py`), numbers from the cosine (`models/heads/embedding.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import IGNORED, Chunk, Features
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts
from dongcha.tasks._labelled import UNSEEN, Labelled
from dongcha.tasks._scored import CONFIDENCE, Scored, measured
from dongcha.tasks._whole import encode_whole
from dongcha.types import Prediction

SIDES = ("text_a", "text_b")
FEWEST_TO_FIT = 10  # validation rows below which the line from cosine to score is not fitted


class Apart:
    """What is read of a row, and how its features lie: the first text's, then the second's."""

    lengths: Lengths
    plain_call = '["...", "..."], padding=True'  # how the model card's lines give two texts

    def texts(self, rows: Columns) -> Texts:
        """Return the texts, both of a row one after the other."""
        return ([text for pair in zip(*(rows[side] for side in SIDES), strict=True) for text in pair],)

    def encode_apart(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn each text into a feature; rows are counted once."""
        chunk = encode_whole(self.texts(rows), tokenizer, self.lengths, 0)
        row = first_row + np.asarray(chunk.units["row"]) // len(SIDES)
        facts = {**chunk.facts, "rows": len(row) // len(SIDES)}
        return replace(chunk, units={"row": row, "group": row}, facts=facts)


@dataclass(frozen=True, kw_only=True)
class ApartLabels(Apart, Labelled):
    """A label for two texts that are read apart."""

    head = "towers"

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return super().card() | {"pairs": "apart"}

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features; `target`, its row's, when rows have labels."""
        chunk = self.encode_apart(rows, tokenizer, first_row)
        if "label" not in rows:
            return chunk
        targets = self.targets(rows["label"])
        targets[targets == UNSEEN] = IGNORED
        return replace(chunk, units={**chunk.units, "target": targets[chunk.units["row"] - first_row]})


@dataclass(frozen=True, kw_only=True)
class ApartScores(Apart, Scored):
    """A number for two texts that are read apart: `slope` * cosine + `offset`.

    Before validation rows say better, a cosine of 0 is the lowest training score and one of 1 the highest.
    """

    slope: float = 1.0
    offset: float = 0.0
    low: float = 0.0
    high: float = 1.0

    head = "embedding"
    loss = "cosine_error"
    num_outputs = 0

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Measure the training scores."""
        found = measured(train)
        scores = np.asarray(train.column("score"), dtype=np.float64)
        low, high = float(scores.min()), float(scores.max())
        spread = (high - low) or 1.0
        return cls(**found, lengths=lengths, slope=spread, offset=low, low=low, high=low + spread)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Rebuild the task of a saved model."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"], pairs="apart")
        return cls(**{name: card[name] for name in NUMBERS}, lengths=lengths)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        facts = {"task": self.name, "long_texts": self.lengths.long_texts, "pairs": "apart"}
        return facts | {name: getattr(self, name) for name in NUMBERS}

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features; `target` (N, 1), the cosine that is wanted, when rows have scores."""
        chunk = self.encode_apart(rows, tokenizer, first_row)
        if "score" not in rows:
            return chunk
        wanted = (np.asarray(rows["score"], dtype=np.float64) - self.low) / (self.high - self.low)
        target = np.clip(wanted, 0, 1)[chunk.units["row"] - first_row].astype(np.float32)
        return replace(chunk, units={**chunk.units, "target": target[:, None]})

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Bring the cosine of each row's vectors to the scores' own scale."""
        scores = self.offset + self.slope * cosines(outputs)
        return [Prediction(i, {"score": score}, CONFIDENCE) for i, score in enumerate(scores.tolist())]

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> Self:
        """Return the task with the line from cosine to score that fits validation rows best (least squares)."""
        found = cosines(outputs)
        if len(found) < FEWEST_TO_FIT or np.ptp(found) == 0:
            return self
        slope, offset = np.polyfit(found, np.asarray(rows["score"], dtype=np.float64), 1)
        return replace(self, slope=float(slope), offset=float(offset)) if slope > 0 else self

    def perfect(self, features: Features, rows: Columns) -> list[Prediction]:
        """Answer as one who knows: with vectors whose cosine is the wanted one, on the line before it was fitted."""
        wanted = np.asarray(features.units["target"])[:, 0].astype(np.float64)
        outputs = np.stack([wanted, np.sqrt(1 - wanted**2)], axis=1)
        outputs[0::2] = (1.0, 0.0)
        known = replace(self, slope=self.high - self.low, offset=self.low)
        return known.decode(outputs, features, rows, 0)


NUMBERS = ("mean", "deviation", "slope", "offset", "low", "high")  # of a card


def cosines(outputs: np.ndarray) -> np.ndarray:
    """Return the cosine of each row's two vectors (n,) from outputs (2 n, H) of length 1."""
    return np.asarray((outputs[0::2].astype(np.float64) * outputs[1::2]).sum(axis=1))
