"""Say what a task is. The file's name is the task's name; `Task` in it is built by `learn` or from a saved card."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk, Features
from dongcha.data.splits import Splits
from dongcha.metrics import Metric, Outcome
from dongcha.models.tokenizer import Tokenizer, Windows, heads_of, windows
from dongcha.types import Prediction, Watch

Columns = Mapping[str, list[Any]]  # rows as column lists, as Dataset.batches yields them


Texts = tuple[list[str], ...]  # what a tokenizer takes of some rows: one text a row, or two that it joins


def rules_of(task: object) -> tuple[str, ...]:
    """Return the fields of what rows may ask for beside their inputs: columns that writing reads, where they are."""
    return tuple(getattr(task, "rules", ()))


def num_rows(rows: Columns) -> int:
    """Count the rows of columns."""
    return len(next(iter(rows.values()), ()))


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """How texts are met: `max_tokens` a feature, `long_texts` truncate or windows, `pairs` together or apart."""

    max_tokens: int | None = None
    long_texts: str = "truncate"
    pairs: str = "together"

    def cover(self, lengths: np.ndarray, room: int) -> Windows:
        """Cover encoded texts of `lengths` by features of at most `room` tokens."""
        if self.long_texts == "windows":
            return windows(lengths, room, overlap=room // 4)
        return heads_of(lengths, room)


class Unlabelled:
    """What a task says whose answers are no labels."""

    labels: ClassVar[tuple[str, ...]] = ()
    output_names: ClassVar[tuple[str, ...]] = ()

    def per_label(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return nothing: there are no labels."""
        return []

    def confusion(self, outcome: Outcome) -> dict[str, Any]:
        """Return nothing: there are no labels."""
        return {}

    def class_weights(self, train: Dataset) -> tuple[float, ...]:
        """Return no weights: there are no labels."""
        return ()


def is_numeric(task: "Task") -> bool:
    """Tell whether a task's answers are numbers, which come without a probability."""
    return task.fields[task.num_inputs :] == ("score",)


@runtime_checkable
class Searches(Protocol):
    """What a task that searches passages has beside what every task has.

    `passages` has `ids` and `texts`, and `vectors` (P, H) once a model gave them: none before training, and again
    whenever its weights have moved. `combined` names rankings made of two others: {name: (one, other)}.
    """

    passages: Any
    combined: Mapping[str, tuple[str, str]]

    def searching(self, splits: Splits) -> "Task":
        """Return the task with the passages that its data names."""
        ...

    def made_of(self) -> str:
        """Return a digest of what the features of rows hold beside the rows."""
        ...

    def encode_passages(self, tokenizer: Tokenizer) -> Iterator[Chunk]:
        """Yield the features of all passages, in order."""
        ...

    def over(self, ids: Sequence[str], texts: Sequence[str], vectors: np.ndarray) -> "Task":
        """Return the task with these passages and their vectors."""
        ...

    def mine(self, outputs: np.ndarray, features: Features, rows: Columns, count: int) -> "Task":
        """Return the task with `count` hard negatives a row; outputs as for `decode`."""
        ...

    def combine(self, one: Sequence[Prediction], other: Sequence[Prediction]) -> list[Prediction]:
        """Join two rankings of each row to one."""
        ...


class Sides(NamedTuple):
    """The field that a task reads a text from, and the field of what it writes."""

    source: str
    target: str


@runtime_checkable
class Writes(Protocol):
    """What a task has whose answers are text that the model writes.

    Its features hold prompts, with gold the answers too; the model's outputs are then the surprise of each token, and
    `decode` reads the answers in the features. `writes_by` says how it writes.
    """

    tokenizer: Any

    @property
    def sides(self) -> Sides:
        """The fields read and written."""
        ...

    @property
    def writes_by(self) -> Any:
        """How it writes."""
        ...

    def opened(self, text: str) -> Any:
        """Return a text by itself as the field that is read first."""
        ...

    def asked(self, prompt: str | None, decoding: Any) -> "Task":
        """Return the task with a recipe's own template and its way to write."""
        ...

    def keeping_room(self, tokenizer: Tokenizer) -> "Writes":
        """Return the task with prompts to be cut as they are now, however long its answers may become."""
        ...

    def reading(self, tokenizer: Tokenizer) -> "Task":
        """Return the task as one that can turn tokens into text."""
        ...

    def judged(self, features: Features) -> Features:
        """Return features with gold in which the answer alone is asked for."""
        ...

    def prompts_in(self, features: Features) -> Features:
        """Return features with gold as they are without it."""
        ...

    def rules_in(self, rows: Columns) -> list[dict[str, Any]]:
        """Return what rows hold their answers to; nothing where they have no such column."""
        ...

    def answered(self, prompts: Features, written: Sequence[np.ndarray], tokenizer: Tokenizer) -> Features:
        """Return features of prompts with what was written behind each."""
        ...


@runtime_checkable
class Untaught(Protocol):
    """What a task has that can be had of training rows without targets, where nothing is learnt from them."""

    @classmethod
    def untaught(cls, labels: Sequence[str], others: Sequence[Dataset], lengths: Lengths) -> "Task":
        """Return the task of these labels, which someone named; `others` are sets of rows with targets, to judge by."""
        ...


@runtime_checkable
class Knowing(Protocol):
    """What a task has whose perfect answer is no pattern of outputs that its targets spell out."""

    def perfect(self, features: Features, rows: Columns) -> list[Prediction]:
        """Answer as one who knows the targets in the features."""
        ...


@runtime_checkable
class Runs(Protocol):
    """What a task has whose answers are programs: running them is what judges them, and not every machine can.

    `judging_seconds` is what it takes to judge a row.
    """

    @property
    def judging_seconds(self) -> float:
        """Seconds to judge a row."""
        ...

    def judging(self, workers: int, watch: Watch) -> "Task":
        """Return the task as one that runs so many programs at once."""
        ...

    def refuse_unjudged(self, rows: Dataset) -> None:
        """Raise DataError where rows lack what answers are run with, MachineError where nothing can be run."""
        ...

    def solved(self, rows: Columns) -> list[bool]:
        """Tell of each row whether its own answer passes its own test."""
        ...

    def differing(self, rows: Columns, predictions: Sequence[Prediction]) -> np.ndarray:
        """Return the 0-based positions of the rows whose answer is not to the letter what was wanted."""
        ...


class Task(Protocol):
    """What the stages ask of a task. Shape letters: N features, S tokens, C outputs.

    Beside it, its file says what `long_texts: auto` means (LONG_TEXTS), whether it reads windows at all (TAKES_WINDOWS,
    else yes), and what the model card's lines are to say of its inputs (PLAIN_NOTE) and answer (PLAIN_ANSWER).
    """

    name: str
    fields: tuple[str, ...]  # inputs first, then targets; of the class, `a|b` stands for the one that a file has
    num_inputs: int  # how many of `fields` are inputs
    labels: tuple[str, ...]
    head: str
    loss: str
    num_outputs: int
    output_names: tuple[str, ...]  # what each output stands for, as Transformers' id2label; empty for numbers
    lengths: Lengths
    metrics: Mapping[str, Metric]  # the first is the main one
    baselines: tuple[str, ...]
    isolates_cjk: bool  # asks the tokenizer to keep Chinese characters apart

    def texts(self, rows: Columns) -> Texts:
        """Return what plain Transformers' tokenizer would be given for these rows: one list, or two of equal length."""
        ...

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features; `first_row` is the data set's position of the first one."""
        ...

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Turn outputs, (N, C) by feature or (S, C) by token, into one prediction a row, in order."""
        ...

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay gold and predicted side by side in the form that the metrics read."""
        ...

    def per_label(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and support of each label; empty where there are none."""
        ...

    def confusion(self, outcome: Outcome) -> dict[str, Any]:
        """Return {"labels", "matrix"} of gold by predicted; empty where that says nothing."""
        ...

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Task":
        """Return the task with what validation rows decide: temperature, thresholds; outputs as for `decode`."""
        ...

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return a target, gold or predicted, as a short string for people."""
        ...

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        ...

    def class_weights(self, train: Dataset) -> tuple[float, ...]:
        """Return balanced weights by output, mean 1 over the rows; empty where the task has no classes."""
        ...
