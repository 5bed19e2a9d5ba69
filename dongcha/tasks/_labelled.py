"""Choose labels for rows: what the tasks with one vector of outputs a row share, whatever their inputs are.

A row has one `label`, or several (a list) with a threshold each. Outputs: (N, C) logits by feature. A task of this
kind adds its name, its fields and the texts of a row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import IGNORED, Chunk, Features
from dongcha.judge.calibration import fit_temperature
from dongcha.metrics import Metric, Outcome, multilabel
from dongcha.metrics import classification as metrics
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, num_rows
from dongcha.tasks._whole import Whole, encode_whole, mean_by_row
from dongcha.types import Prediction

FEWEST_TO_CALIBRATE = 50  # validation rows below which a temperature is not fitted
UNSEEN = -1  # the id of a gold label that training never saw


@dataclass(frozen=True, kw_only=True)
class Labelled(Whole):
    """A choice among `labels`, in sorted order; `multi` when a row may have several or none."""

    labels: tuple[str, ...]
    multi: bool = False
    thresholds: tuple[float, ...] = ()
    lengths: Lengths = field(default_factory=Lengths)
    temperature: float = 1.0

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Find the labels in the training rows."""
        values = train.column("label")
        multi = any(isinstance(value, list) for value in values)
        flat = (label for value in values for label in (value if multi else [value]))
        return cls(labels=tuple(sorted(set(flat))), multi=multi, lengths=lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Rebuild the task of a saved model."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"])
        known = {"labels": tuple(card["labels"]), "multi": card["multi"], "thresholds": tuple(card["thresholds"])}
        return cls(**known, lengths=lengths, temperature=card["temperature"])

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        facts = {"task": self.name, "labels": list(self.labels), "multi": self.multi}
        settled = {"thresholds": list(self.thresholds), "temperature": self.temperature}
        return facts | settled | {"long_texts": self.lengths.long_texts}

    @property
    def loss(self) -> str:
        """The head's loss for this task."""
        return "binary_cross_entropy" if self.multi else "cross_entropy"

    @property
    def num_outputs(self) -> int:
        """One output a label."""
        return len(self.labels)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The labels themselves."""
        return self.labels

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The task's metrics, the main one first."""
        return multilabel.metrics(self.labels) if self.multi else metrics.metrics(self.labels)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features, a long text cut or in windows; `target`, its row's, when rows have labels."""
        chunk = encode_whole(self.texts(rows), tokenizer, self.lengths, first_row)
        if "label" not in rows:
            return chunk
        targets = self.targets(rows["label"])
        targets[targets == UNSEEN] = IGNORED  # in a validation set; a loss has no place for it
        return replace(chunk, units={**chunk.units, "target": targets[chunk.units["row"] - first_row]})

    def targets(self, values: Sequence[Any]) -> np.ndarray:
        """Return label ids (rows,), or a 0/1 matrix (rows, C) when several labels may hold."""
        ids = {label: i for i, label in enumerate(self.labels)}
        if not self.multi:
            return np.array([ids.get(value, UNSEEN) for value in values], dtype=np.int64)
        matrix = np.zeros((len(values), len(self.labels)), dtype=np.int64)
        for row, value in enumerate(values):
            matrix[row, [ids[v] for v in value if v in ids]] = 1
        return matrix

    def _unseen(self, values: Sequence[Any]) -> np.ndarray:
        """Return 1 for each row that has a label which training never saw: one more column of gold, never found."""
        known = set(self.labels)
        return np.array([any(v not in known for v in value) for value in values], dtype=np.int64)

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Choose the likeliest label, or every label whose probability reaches its threshold; windows are averaged."""
        outputs = mean_by_row(outputs, features, num_rows(rows), first_row)
        if self.multi:
            return self._decode_multi(outputs)
        scaled = outputs / self.temperature
        probs = softmax(scaled)
        best = probs.argmax(axis=1)
        return [
            Prediction(i, {"label": self.labels[b]}, float(p[b]), tuple(p.tolist()))
            for i, (b, p) in enumerate(zip(best.tolist(), probs, strict=True))
        ]

    def _decode_multi(self, outputs: np.ndarray) -> list[Prediction]:
        probs = 1 / (1 + np.exp(-outputs))
        chosen = probs >= np.array(self.thresholds or [0.5] * len(self.labels))
        sure = np.where(chosen, probs, 1 - probs).min(axis=1)
        return [
            Prediction(i, {"label": [self.labels[j] for j in np.flatnonzero(c)]}, float(s), tuple(p.tolist()))
            for i, (c, s, p) in enumerate(zip(chosen, sure, probs, strict=True))
        ]

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay gold and predicted label ids side by side."""
        gold, predicted = self.targets(rows["label"]), self.targets([p.target["label"] for p in predictions])
        if self.multi:
            gold = np.column_stack([gold, self._unseen(rows["label"])])
        probs = np.array([p.probabilities for p in predictions]) if all(p.probabilities for p in predictions) else None
        return Outcome(gold, predicted, probs)

    def per_label(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and support of each label."""
        return multilabel.per_label(outcome, self.labels) if self.multi else metrics.per_label(outcome, self.labels)

    def confusion(self, outcome: Outcome) -> dict[str, Any]:
        """Return the matrix of gold by predicted; empty when a row may have several labels."""
        if self.multi:
            return {}
        return {"labels": list(self.labels), "matrix": metrics.confusion(outcome, len(self.labels)).tolist()}

    def class_weights(self, train: Dataset) -> tuple[float, ...]:
        """Weigh each label by rows / (labels * its rows), the balanced rule of scikit-learn."""
        counts = Counter(label for value in train.column("label") for label in (value if self.multi else [value]))
        return tuple(len(train) / (len(self.labels) * counts[label]) for label in self.labels)

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> Self:
        """Fit the temperature (Guo et al. 2017), or each label's threshold, on validation rows."""
        outputs = mean_by_row(outputs, features, num_rows(rows), 0)
        gold = self.targets(rows["label"])
        if self.multi:
            found = multilabel.tune_thresholds(gold, 1 / (1 + np.exp(-outputs)))
            return replace(self, thresholds=tuple(float(t) for t in found))
        known = gold != UNSEEN
        if known.sum() < FEWEST_TO_CALIBRATE:
            return self
        return replace(self, temperature=float(fit_temperature(outputs[known], gold[known])))

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the label, or the labels joined."""
        label = target["label"]
        return ", ".join(label) if isinstance(label, list) else str(label)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities along the last axis, float64, computed without overflow."""
    shifted = np.asarray(logits, dtype=np.float64)
    powers = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    result: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return result
