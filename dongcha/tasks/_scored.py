"""Give rows a number: what the tasks with one number a row share, whatever their inputs are.

Rows have a `score`, a number whose square is finite too. Outputs: (N, 1) by feature, in standard deviations from the
mean of the training scores, so that one learning rate serves every scale; both stand in the card. A number comes
without a probability: confidence is 0, which means that none is known, as in the baselines. A task of this kind adds
its name, its fields and the texts of a row.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk, Features
from dongcha.errors import DataError
from dongcha.locale import say
from dongcha.metrics import Metric, Outcome
from dongcha.metrics import regression as metrics
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Unlabelled, num_rows
from dongcha.tasks._whole import Whole, encode_whole, mean_by_row
from dongcha.types import Prediction

CONFIDENCE = 0.0  # no probability is known of a number


@dataclass(frozen=True, kw_only=True)
class Scored(Whole, Unlabelled):
    """A number a row; `mean` and `deviation` are those of the training scores, by which targets are standardised."""

    mean: float = 0.0
    deviation: float = 1.0
    lengths: Lengths = field(default_factory=Lengths)

    loss = "squared_error"
    num_outputs = 1

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Measure the training scores; where all are the same, the deviation is taken as 1."""
        return cls(**measured(train), lengths=lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Rebuild the task of a saved model."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"])
        return cls(mean=card["mean"], deviation=card["deviation"], lengths=lengths)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        facts = {"task": self.name, "mean": self.mean, "deviation": self.deviation}
        return facts | {"long_texts": self.lengths.long_texts}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The task's metrics, the main one (mean absolute error) first."""
        return metrics.metrics()

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features; `target`, in standard deviations, when rows have scores."""
        chunk = encode_whole(self.texts(rows), tokenizer, self.lengths, first_row)
        if "score" not in rows:
            return chunk
        standard = (np.asarray(rows["score"], dtype=np.float64) - self.mean) / self.deviation
        target = standard[chunk.units["row"] - first_row].astype(np.float32)
        return replace(chunk, units={**chunk.units, "target": target})

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Bring outputs back to the scores' own scale; the windows of one text count alike."""
        means = mean_by_row(outputs.astype(np.float64), features, num_rows(rows), first_row)
        scores = self.mean + self.deviation * means[:, 0]
        return [Prediction(i, {"score": score}, CONFIDENCE) for i, score in enumerate(scores.tolist())]

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay gold and predicted scores side by side."""
        predicted = [p.target["score"] for p in predictions]
        return Outcome(np.asarray(rows["score"], dtype=np.float64), np.asarray(predicted, dtype=np.float64))

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> Self:
        """Return the task as it is: nothing about a number waits for validation rows."""
        return self

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the score with as many decimals as show a hundredth of the training scores' deviation."""
        decimals = max(0, 2 - math.floor(math.log10(self.deviation)))
        return f"{target['score']:.{decimals}f}"


def measured(train: Dataset) -> dict[str, float]:
    """Return `mean` and `deviation` of the training scores; DataError where they are too large to have any."""
    scores = np.asarray(train.column("score"), dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        found = {"mean": float(scores.mean()), "deviation": float(scores.std()) or 1.0}
    if not all(map(math.isfinite, found.values())):
        facts = {"field": "score", "low": scores.min(), "high": scores.max()}
        raise DataError(say("tasks.scores_too_large", source=train.source, **facts))
    return found
