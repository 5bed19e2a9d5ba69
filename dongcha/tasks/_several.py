"""Be several tasks as one, on the same rows or each on its own: one encoding, one forward pass, each one's answers.

In: tasks that read the same inputs (`Part`, in the recipe's order). Out: a task whose targets are theirs: under their
own names, or as `<name>.<field>` where two tasks have the same field. Outputs: (S, C) by token, the tasks' side by
side, those of a text at its first token (`models/heads/several.py`). Metrics: the weighted mean of the main ones first,
then each task's own as `<name>.<metric>`; see `metrics/several.py`. A baseline may answer for one task alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from dongcha.data.dataset import TASK, Dataset
from dongcha.data.features import IGNORED, OWN, Chunk, Features
from dongcha.data.rows import target_fields
from dongcha.data.union import owned_by, rows_of
from dongcha.metrics import Metric, Outcome
from dongcha.metrics.several import Member, Outcomes, joined, mean_of_tasks, of_part
from dongcha.models.heads.several import APART, features_of
from dongcha.models.tokenizer import Tokenizer
from dongcha.registry import find
from dongcha.tasks._base import Columns, Lengths, Task, Texts, is_numeric
from dongcha.types import Prediction

NAME = "several"
SEPARATOR = " · "  # between the tasks' answers, where people read them
ADDED = ("spans", "damaged_spans")  # facts of encoding that each task counts for itself


@dataclass(frozen=True)
class Part:
    """One of several tasks: its name, the weight of its loss, and what stands before its own targets' names."""

    name: str
    task: Task
    weight: float = 1.0
    prefix: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """The task's own target fields."""
        return self.task.fields[self.task.num_inputs :]

    def told(self, field: str) -> str:
        """Return what a target of the task's own is called among several tasks."""
        return f"{self.prefix}{field}"

    def answered(self, target: Mapping[str, Any]) -> dict[str, Any]:
        """Return the task's own answer among several; empty where it gave none, or the row is not its own."""
        own = {self.told(field): field for field in (*self.targets, "tags")}
        return {own[name]: value for name, value in target.items() if name in own and value is not None}

    def positions(self, rows: Columns) -> np.ndarray | None:
        """Return which rows are the task's own, 0-based; None where all are every task's."""
        if TASK not in rows:
            return None
        return owned_by(self.name, rows[TASK])

    def rows(self, rows: Columns) -> Columns:
        """Return rows as the task alone would have them: its own, with its own targets."""
        own = {field: rows[self.told(field)] for field in self.targets if self.told(field) in rows}
        found = {name: column for name, column in rows.items() if name not in (*self.targets, TASK)} | own
        positions = self.positions(rows)
        if positions is None:
            return found
        return {name: [column[i] for i in positions] for name, column in found.items()}

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into the task's features; those of another task's rows have a target that no loss reads."""
        positions = self.positions(rows)
        if positions is None:
            return self.task.encode(self.rows(rows), tokenizer, first_row)
        inputs = {name: column for name, column in rows.items() if name not in (*target_fields(tuple(rows)), TASK)}
        shared = self.task.encode(inputs, tokenizer, first_row)
        alone = self.task.encode(self.rows(rows), tokenizer, first_row)
        own = np.isin(shared.units["row"] - first_row, positions)
        tokens = {**shared.tokens, **_spread(alone.tokens, np.repeat(own, shared.lengths))}
        units = {**shared.units, **_spread(alone.units, own), OWN: own}
        return Chunk(shared.lengths, tokens, units, {**shared.facts, **{k: alone.facts.get(k, 0) for k in ADDED}})

    def settled(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Part":
        """Return the task with what its own rows among these decide; `outputs` and `features` are of all rows."""
        positions = self.positions(rows)
        if positions is not None:
            own = np.isin(features.units["row"], positions)
            outputs = outputs[np.repeat(own, features.lengths) if self.task.head == "token" else own]
            features = features.take(np.flatnonzero(own))
            numbers = np.searchsorted(positions, features.units["row"])
            features = replace(features, units={**features.units, "row": numbers})
        return replace(self, task=self.task.settle(outputs, features, self.rows(rows)))

    def learnt_from(self, train: Dataset) -> Dataset:
        """Return the training rows as the task alone would have them: its own, with its own targets."""
        return self.dataset(rows_of(train, self.name))

    def dataset(self, dataset: Dataset) -> Dataset:
        """Return a data set as the task alone would have it, the rows of other tasks among its own."""
        table = dataset.table
        for field in self.targets if self.prefix else ():
            if field in table.column_names:
                table = table.drop_columns([field])  # the file's own column of that name, which another task may read
            if self.told(field) in table.column_names:
                names = [field if name == self.told(field) else name for name in table.column_names]
                table = table.rename_columns(names)
        return replace(dataset, table=table)

    def among(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Return the task's own predictions as those of several tasks of which the others are silent."""
        return [replace(p, target={self.told(k): v for k, v in p.target.items()}) for p in predictions]

    @property
    def knows_odds(self) -> bool:
        """Tell whether a confidence of the task is a probability."""
        return not is_numeric(self.task)

    @property
    def num_probabilities(self) -> int:
        """How many probabilities a prediction of the task has."""
        return self.task.num_outputs if self.task.head == "sequence" and self.knows_odds else 0


@dataclass(frozen=True)
class Several:
    """Several tasks as one."""

    parts: tuple[Part, ...]

    name = NAME
    head = NAME
    loss = NAME
    aids = (TASK,)
    baselines = ()  # each task has its own

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Several":
        """Rebuild the tasks of a saved model."""
        lengths = {name: card[name] for name in ("max_tokens", "long_texts")}
        parts = [
            Part(name, find("tasks", own["task"]).Task.from_card(own | lengths), own["weight"], own["prefix"])
            for name, own in card["parts"].items()
        ]
        return cls(tuple(parts))

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the tasks beside a saved model."""
        parts = {p.name: p.task.card() | {"weight": p.weight, "prefix": p.prefix} for p in self.parts}
        return {"task": NAME, "parts": parts, "long_texts": self.lengths.long_texts}

    @property
    def lengths(self) -> Lengths:
        """How long texts are met: alike for all."""
        return self.parts[0].task.lengths

    @property
    def num_inputs(self) -> int:
        """The inputs of the first task are those of all."""
        return self.parts[0].task.num_inputs

    @property
    def fields(self) -> tuple[str, ...]:
        """The inputs, then each task's targets."""
        inputs = self.parts[0].task.fields[: self.num_inputs]
        return (*inputs, *(part.told(field) for part in self.parts for field in part.targets))

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, each after its task's name."""
        return tuple(f"{part.name}: {label}" for part in self.parts for label in part.task.labels)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of all outputs, each after its task's name."""
        return tuple(f"{part.name}: {name}" for part in self.parts for name in part.task.output_names)

    @property
    def num_outputs(self) -> int:
        """The outputs of all tasks."""
        return sum(part.task.num_outputs for part in self.parts)

    @property
    def isolates_cjk(self) -> bool:
        """Keep Chinese characters apart where one of the tasks needs it."""
        return any(part.task.isolates_cjk for part in self.parts)

    @cached_property
    def metrics(self) -> Mapping[str, Metric]:
        """The mean of the main metrics first, then each task's own."""
        own = [of_part(metric, part.name) for part in self.parts for metric in part.task.metrics.values()]
        total = sum(part.weight for part in self.parts)
        main = [
            Member(metric, part.weight / total, float(getattr(part.task, "deviation", 1.0)))
            for part, metric in zip(self.parts, self._main(), strict=True)
        ]
        mean = mean_of_tasks(main)
        return {metric.name: metric for metric in (mean, *own)}

    def _main(self) -> list[Metric]:
        return [of_part(next(iter(part.task.metrics.values())), part.name) for part in self.parts]

    @property
    def main_metrics(self) -> tuple[str, ...]:
        """The names of each task's main metric."""
        return tuple(metric.name for metric in self._main())

    def texts(self, rows: Columns) -> Texts:
        """Return what all tasks read."""
        return self.parts[0].task.texts(rows)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features that all tasks share; each task's targets stand under its name."""
        tokens: dict[str, np.ndarray] = {}
        units: dict[str, np.ndarray] = {}
        facts: dict[str, int] = {}
        for part in self.parts:
            own = part.encode(rows, tokenizer, first_row)
            same = "input_ids" not in tokens or np.array_equal(tokens["input_ids"], own.tokens["input_ids"])
            assert same, f"{part.name} reads other tokens than {self.parts[0].name}"
            tokens |= {_named(name, part): column for name, column in own.tokens.items()}
            units |= {_named(name, part): column for name, column in own.units.items()}
            added = {name: facts.get(name, 0) + own.facts[name] for name in ADDED if name in own.facts}
            facts = {**own.facts, **facts, **added}
        return Chunk(own.lengths, tokens, units, facts)

    def own_outputs(self, outputs: np.ndarray, features: Features) -> list[tuple[Part, np.ndarray, Features]]:
        """Return each task with outputs (S, C) or (N, C) and features as it alone would have them."""
        found, begin = [], 0
        for part in self.parts:
            own = outputs[:, begin : begin + part.task.num_outputs]
            begin += part.task.num_outputs
            own = own if part.task.head == "token" else own[features.starts[:-1]]
            found.append((part, own, features_of(features, part.name)))
        return found

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Let each task answer; the confidence of a row is the least of those that are probabilities."""
        inputs = {name: column for name, column in rows.items() if name not in target_fields(tuple(rows))}
        by_part = [
            (part, part.task.decode(own, alone, inputs, first_row))
            for part, own, alone in self.own_outputs(outputs, features)
        ]
        return [
            Prediction(
                row,
                {part.told(k): v for part, found in by_part for k, v in found[row].target.items()},
                min((found[row].confidence for part, found in by_part if part.knows_odds), default=0.0),
                tuple(p for _, found in by_part for p in found[row].probabilities),
            )
            for row in range(len(by_part[0][1]))
        ]

    def own_predictions(self, predictions: Sequence[Prediction]) -> dict[str, list[Prediction]]:
        """Return the predictions of each task that answered, as it alone would have made them."""
        found, begin = {}, 0
        said = predictions[0].target if predictions else dict.fromkeys(self.fields)
        for part in (p for p in self.parts if all(p.told(field) in said for field in p.targets)):
            columns = slice(begin, begin + part.num_probabilities)
            begin += part.num_probabilities
            found[part.name] = [
                replace(p, target=part.answered(p.target), probabilities=p.probabilities[columns]) for p in predictions
            ]
        return found

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcomes:
        """Lay gold and predicted side by side, task by task, of the tasks that answered."""
        said = self.own_predictions(predictions)
        parts, own = {}, {}
        for part in (part for part in self.parts if part.name in said):
            positions, found = part.positions(rows), said[part.name]
            if positions is not None:
                own[part.name] = positions
                found = [replace(found[p], row=i) for i, p in enumerate(positions)]
            parts[part.name] = part.task.outcome(part.rows(rows), found)
        return joined(parts, own, len(predictions))

    def per_label(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and support of each label, the task's name before it."""
        found = ((part, outcome.part(part.name)) for part in self.parts)
        return [
            line | {"label": f"{part.name}: {line['label']}"}
            for part, own in found
            if own is not None
            for line in part.task.per_label(own)
        ]

    def confusion(self, outcome: Outcome) -> dict[str, Any]:
        """Return the matrix of the first task that has one."""
        found = ((part, outcome.part(part.name)) for part in self.parts)
        each = (part.task.confusion(own) for part, own in found if own is not None)
        return next((matrix for matrix in each if matrix), {})

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Several":
        """Return the tasks with what validation rows decide for each."""
        parts = [part.settled(own, alone, rows) for part, own, alone in self.own_outputs(outputs, features)]
        return Several(tuple(parts))

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return each task's answer after its name."""
        own = [(part, part.answered(target)) for part in self.parts]
        return SEPARATOR.join(f"{part.name}: {part.task.shown(said, text)}" for part, said in own if said)

    def class_weights(self, train: Dataset) -> tuple[float, ...]:
        """Return the weights of all tasks that have some; a spec of each task has its own."""
        return tuple(weight for part in self.parts for weight in part.task.class_weights(part.learnt_from(train)))


def _named(column: str, part: Part) -> str:
    """Return what a column of features is called among several tasks: some each task has for itself."""
    return f"{part.name}.{column}" if column in APART else column


def _spread(columns: Mapping[str, np.ndarray], own: np.ndarray) -> dict[str, np.ndarray]:
    """Lay a task's targets where they belong; what is not the task's own is ignored, or 0 of a number."""
    if "target" not in columns:
        return {}
    targets = columns["target"]
    found = np.full((len(own), *targets.shape[1:]), IGNORED if targets.dtype.kind == "i" else 0, targets.dtype)
    found[own] = targets
    return {"target": found}


def parts_of(task: Task | Several) -> tuple[Part, ...]:
    """Return the tasks of several; of a single one, itself without a name."""
    return task.parts if isinstance(task, Several) else (Part("", task),)
