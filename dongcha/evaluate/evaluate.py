"""Judge candidates on the same test rows: a table of figures, the paired test, and where they differ.

Candidates come in the table's order; the one named `before` is what `after` is compared with. Nothing here chooses:
the rows judge, once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.rows import inputs_shown
from dongcha.evaluate.calibration import calibration
from dongcha.evaluate.slices import slices
from dongcha.judge.intervals import interval
from dongcha.judge.paired import compare, flips
from dongcha.metrics import Metric, Outcome
from dongcha.tasks._base import Task, is_numeric
from dongcha.tasks._predict import columns_of
from dongcha.types import Prediction, Row

BEFORE, AFTER = "before", "after"
MOST_SHOWN = 50  # flips and errors kept for the report
ROUNDING = 1e-9  # of a row's score


@dataclass(frozen=True)
class Candidate:
    """One model's predictions of the test rows, in order, and what it cost to make them."""

    name: str
    predictions: Sequence[Prediction]
    seconds: float | None = None
    megabytes: float | None = None
    size_megabytes: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """All that the test rows say; the parts are as `types.Report` describes them."""

    main_metric: str
    table: tuple[Row, ...]
    now_right: tuple[Mapping[str, Any], ...] = ()
    now_wrong: tuple[Mapping[str, Any], ...] = ()
    hardest: tuple[Mapping[str, Any], ...] = ()
    per_label: tuple[Mapping[str, Any], ...] = ()
    confusion: Mapping[str, Any] = field(default_factory=dict)
    slices: tuple[Mapping[str, Any], ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    main_metrics: tuple[str, ...] = ()


def evaluate(
    task: Task,
    test: Dataset,
    candidates: Sequence[Candidate],
    *,
    versus: Mapping[str, str] | None = None,
    slice_columns: Sequence[str] = (),
    seed: int,
) -> Evaluation:
    """Judge the candidates; the last one is `after`, tested against `before`.

    `versus` names further pairs to be tested: {candidate: the one it is compared with}.
    """
    rows = {name: test.column(name) for name in columns_of(task, test, gold=True)}
    outcomes = {c.name: task.outcome(rows, c.predictions) for c in candidates}
    main = next(iter(task.metrics.values()))
    before, after = outcomes.get(BEFORE), outcomes[AFTER]
    table = compared(task, candidates, outcomes, {AFTER: BEFORE} | dict(versus or {}), seed)
    by_name = {c.name: c.predictions for c in candidates}
    gained, lost = flips(main, before, after) if before is not None else (np.zeros(0, int), np.zeros(0, int))
    told = _Telling(task, test, by_name)
    return Evaluation(
        main_metric=main.name,
        main_metrics=tuple(getattr(task, "main_metrics", ())),
        table=table,
        now_right=told.flips(gained),
        now_wrong=told.flips(lost),
        hardest=told.hardest(main, after),
        per_label=tuple(task.per_label(after)),
        confusion=task.confusion(after),
        slices=slices(task, test, {BEFORE: before, AFTER: after}, slice_columns, seed),
        calibration=calibration(task, before, after),
    )


def compared(
    task: Task, candidates: Sequence[Candidate], outcomes: Mapping[str, Outcome], against: Mapping[str, str], seed: int
) -> tuple[Row, ...]:
    """Return the table's rows: each candidate's figures, and its test against the one that `against` names for it."""
    judged = (_row(task, c, outcomes[c.name], outcomes.get(against.get(c.name, "")), seed) for c in candidates)
    return tuple(replace(row, against=against[row.name]) if row.verdict else row for row in judged)


def _row(task: Task, candidate: Candidate, outcome: Outcome, other: Outcome | None, seed: int) -> Row:
    main = next(iter(task.metrics.values()))
    usable = [m for m in task.metrics.values() if m.applies(outcome)]
    each = [task.metrics[name] for name in getattr(task, "main_metrics", ())]  # of several tasks
    verdict = None if other is None else compare(main, other, outcome, seed)
    verdicts = {} if other is None else {metric.name: compare(metric, other, outcome, seed) for metric in each}
    return Row(
        name=candidate.name,
        metrics={metric.name: interval(metric, outcome, seed) for metric in usable},
        seconds=candidate.seconds,
        megabytes=candidate.megabytes,
        size_megabytes=candidate.size_megabytes,
        verdict=verdict,
        verdicts=verdicts,
    )


@dataclass(frozen=True)
class _Telling:
    """Turns row positions into short stories for people."""

    task: Task
    test: Dataset
    predictions: Mapping[str, Sequence[Prediction]]

    def flips(self, positions: np.ndarray) -> tuple[Mapping[str, Any], ...]:
        """Tell the flipped rows, the surest first."""
        after = self.predictions[AFTER]
        chosen = sorted(positions.tolist(), key=lambda i: (-after[i].confidence, i))[:MOST_SHOWN]
        return tuple(self._story(i, BEFORE) for i in chosen)

    def hardest(self, main: Metric, outcome: Outcome) -> tuple[Mapping[str, Any], ...]:
        """Tell the rows that went worst, and among equals those that the model was surest of."""
        after = self.predictions[AFTER]
        scores = main.row_scores(outcome)
        perfect = (0.0 if is_numeric(self.task) else 1.0) - ROUNDING  # of minus an error, of a share
        wrong = [i for i in range(len(scores)) if scores[i] < perfect]
        chosen = sorted(wrong, key=lambda i: (scores[i], -after[i].confidence, i))[:MOST_SHOWN]
        return tuple(self._story(i, None) for i in chosen)

    def _story(self, position: int, before: str | None) -> dict[str, Any]:
        row = self.test.rows([position])[0]
        text = inputs_shown(row, self.task.fields[: self.task.num_inputs])
        target = {name: row[name] for name in self.task.fields[self.task.num_inputs :]}
        after = self.predictions[AFTER][position]
        told = {"row": row["__row__"], "text": text, "gold": self.task.shown(target, text)}
        shown = self.task.shown(after.target, text)
        if before is None:  # a number comes without a probability
            sure = {} if is_numeric(self.task) else {"confidence": round(after.confidence, 4)}
            return told | {"predicted": shown, **sure}
        return told | {"before": self.task.shown(self.predictions[before][position].target, text), "after": shown}
