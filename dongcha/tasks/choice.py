"""Choose the right one of a few given answers.

Rows: `question`, `choices` (two or more texts), `answer` (the text of one, or its number from 0). Each choice is read
together with the question and scored by itself, any number of them; the loss is the cross-entropy of the right one
among its row's choices, which share a batch (Zellers et al. 2018, "SWAG", section 5). The best scored wins. With
`data.pairs: apart` question and choices are read each by itself, and the nearest choice wins.
Metrics: accuracy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk, Features, bounds
from dongcha.metrics import Metric, Outcome
from dongcha.metrics import classification as metrics
from dongcha.models.heads.embedding import SCALE
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts, Unlabelled, num_rows
from dongcha.tasks._labelled import softmax
from dongcha.tasks._whole import encode_whole
from dongcha.types import Prediction

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
STANDS_ALONE = True  # its features are choices of a row: no other task has these
TAKES_WINDOWS = False
PLAIN_NOTE = "a question, one of its choices"  # what the model card says of its lines
ANSWERS = {
    "together": """score = float(logits[0, 0])  # of this choice; the greatest of a question's is the answer
""",
    "apart": """answer = int((vectors[1:] @ vectors[0]).argmax())  # the number of the choice, from 0
""",
}


@dataclass(frozen=True, kw_only=True)
class Task(Unlabelled):
    """A choice among texts that each row brings itself."""

    lengths: Lengths = field(default_factory=Lengths)

    name = "choice"
    fields = ("question", "choices", "answer")
    num_inputs = 2
    head = "sequence"
    loss = "choice_cross_entropy"
    num_outputs = 1
    baselines = ("random_choice", "longest_choice")
    isolates_cjk = False
    plain_answer = ANSWERS["together"]

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> "Task":
        """Take the lengths; nothing is learnt of the rows before training."""
        return (Apart if lengths.pairs == "apart" else Task)(lengths=lengths)

    @classmethod
    def untaught(cls, labels: Sequence[str], others: Sequence[Dataset], lengths: Lengths) -> "Task":
        """Take the lengths; the choices are the rows' own."""
        return (Apart if lengths.pairs == "apart" else Task)(lengths=lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Task":
        """Rebuild the task of a saved model."""
        read = card.get("pairs", "together")
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"], pairs=read)
        return (Apart if read == "apart" else Task)(lengths=lengths)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return {"task": self.name, "long_texts": self.lengths.long_texts}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Accuracy alone: choices are no labels, so there is nothing to average over."""
        return {"accuracy": metrics.metrics(())["accuracy"]}

    def texts(self, rows: Columns) -> Texts:
        """Return the question once for each choice, and the choices of all rows end to end."""
        questions = [q for q, offered in zip(rows["question"], rows["choices"], strict=True) for _ in offered]
        return questions, [choice for offered in rows["choices"] for choice in offered]

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn each choice into a feature, a row's in one group; `target` (N, 2) has its row, and 1 for the answer."""
        chunk = encode_whole(self.texts(rows), tokenizer, self.lengths, 0)
        counts = sizes(rows)
        row = np.repeat(np.arange(first_row, first_row + len(counts)), counts)
        units = {"row": row, "group": row}
        if "answer" in rows:
            right = np.zeros(len(row), dtype=np.int64)
            places = [o.index(answer) for o, answer in zip(rows["choices"], rows["answer"], strict=True)]
            right[bounds(counts)[:-1] + places] = 1
            units["target"] = np.stack([row, right], axis=1)
        return replace(chunk, units=units, facts={**chunk.facts, "rows": len(counts)})

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Choose the best scored choice of each row; probabilities are a softmax over its choices."""
        starts, scores = bounds(sizes(rows)), self.scores(outputs, rows)
        found = []
        for row, offered in enumerate(rows["choices"]):
            probs = softmax(scores[starts[row] : starts[row + 1]])
            best = int(probs.argmax())
            found.append(Prediction(row, {"answer": offered[best]}, float(probs[best])))
        return found

    def scores(self, outputs: np.ndarray, rows: Columns) -> np.ndarray:
        """Return one score a choice, those of all rows end to end."""
        return outputs[:, 0]

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay the places of gold and predicted among the choices side by side."""
        places = [{choice: i for i, choice in reversed(list(enumerate(offered)))} for offered in rows["choices"]]
        gold = [place[answer] for place, answer in zip(places, rows["answer"], strict=True)]
        predicted = [place[p.target["answer"]] for place, p in zip(places, predictions, strict=True)]
        return Outcome(np.array(gold, dtype=np.int64), np.array(predicted, dtype=np.int64), None)

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Task":
        """Return the task as it is: nothing here is decided on validation rows."""
        return self

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the answer."""
        return str(target["answer"])


@dataclass(frozen=True, kw_only=True)
class Apart(Task):
    """The same with question and choices read apart: a choice scores by the cosine of its vector to the question's."""

    head = "embedding"
    loss = "choice_by_cosine"
    num_outputs = 0
    plain_answer = ANSWERS["apart"]
    plain_call = '["...", "...", "..."], padding=True'  # how the model card's lines give a question and its choices

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return super().card() | {"pairs": "apart"}

    def texts(self, rows: Columns) -> Texts:
        """Return each question and, behind it, its choices."""
        return ([text for q, offered in zip(rows["question"], rows["choices"], strict=True) for text in (q, *offered)],)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn question and choices into features, a row's in one group.

        `target` (N, 3) has the row, 1 for a question, and 1 for the right choice.
        """
        chunk = encode_whole(self.texts(rows), tokenizer, self.lengths, 0)
        counts = sizes(rows) + 1
        row = np.repeat(np.arange(first_row, first_row + len(counts)), counts)
        units = {"row": row, "group": row}
        if "answer" in rows:
            asks, right = np.zeros((2, len(row)), dtype=np.int64)
            opens = bounds(counts)[:-1]
            asks[opens] = 1
            places = [o.index(answer) for o, answer in zip(rows["choices"], rows["answer"], strict=True)]
            right[opens + places + 1] = 1
            units["target"] = np.stack([row, asks, right], axis=1)
        return replace(chunk, units=units, facts={**chunk.facts, "rows": len(counts)})

    def scores(self, outputs: np.ndarray, rows: Columns) -> np.ndarray:
        """Return the cosine of each choice to its question, scaled as in training."""
        counts = sizes(rows) + 1
        opens = np.zeros(int(counts.sum()), dtype=bool)
        opens[bounds(counts)[:-1]] = True
        question = np.repeat(outputs[opens], counts, axis=0)
        found: np.ndarray = SCALE * (outputs * question).sum(axis=1)[~opens]
        return found

    def perfect(self, features: Features, rows: Columns) -> list[Prediction]:
        """Answer as one who knows: with vectors of which only the right choice's is the question's."""
        target = np.asarray(features.units["target"])
        like = (target[:, 1] + target[:, 2]).astype(np.float64)
        return self.decode(np.stack([like, 1 - like], axis=1), features, rows, 0)


def sizes(rows: Columns) -> np.ndarray:
    """Return how many choices each row has (rows,)."""
    return np.fromiter((len(offered) for offered in rows["choices"]), dtype=np.int64, count=num_rows(rows))
