"""Name what flows through a run: rows, spans, predictions, figures, checks, the report.

All are frozen values made of plain Python, so that they cross every door (terminal, JSON, pages) unchanged.
This module knows no torch, no HTTP and no files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

NO_TASK = "pretraining"  # what the task of a run is called that learns none
Json = Any  # str, number, bool, None, or lists and string-keyed mappings of them


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of a text: characters `start` (included) to `end` (excluded) of the named field."""

    start: int
    end: int
    label: str
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Example:
    """One row at a door: its id (the user's own, else the 1-based row number) and its fields."""

    id: str | int
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one row.

    `row` is the 0-based position in the data set that was given; `target` is in the task's own target fields
    (`label`, `score`, `spans`, ...); `confidence` is a probability in [0, 1]; `probabilities` one a label, by label
    order, where the task has them.
    """

    row: int
    target: Mapping[str, Json]
    confidence: float
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A paired test of two models on the same rows.

    `difference` is after minus before on the main metric, `p_value` two-sided, `test` its name (`mcnemar`,
    `bootstrap`); `gained` and `lost` count the rows that became right and wrong; `word` is better, worse or even.
    """

    difference: Interval
    p_value: float
    test: str
    gained: int
    lost: int
    word: Literal["better", "worse", "even"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the before/after table: a model, its figures, what it cost, how it differs from before.

    `metrics` maps a metric's name to its figure; `seconds` is wall time to make it, `megabytes` its peak memory,
    `size_megabytes` its files on disk; None where it was not measured. `verdict` compares it with the row that
    `against` names; empty in reports of earlier versions, where it was before. `verdicts` holds one a task where
    several were learnt, by the name of the task's main metric.
    """

    name: str
    metrics: Mapping[str, Interval]
    seconds: float | None = None
    megabytes: float | None = None
    size_megabytes: float | None = None
    verdict: Verdict | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    against: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check, of data or of a run.

    `message` is one sentence in the run's language; `fix` the next action, empty when there is nothing to do;
    `examples` are short strings for people (they may hold user text: reports mask or drop them on demand);
    `figures` are the numbers behind the sentence, by name.
    """

    name: str
    status: Literal["passed", "warned", "failed", "skipped"]
    message: str
    count: int = 0
    examples: tuple[str, ...] = ()
    fix: str = ""
    figures: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run has to say, as one value that becomes JSON, HTML, a model card and the screen.

    Free-form parts are plain JSON so that an old report stays readable; each is described where it is made.
    """

    name: str
    task: str
    language: str
    hash: str
    created: str  # ISO 8601, UTC
    folder: str
    title: str  # model, size, device in one line
    differs: tuple[str, ...]  # the recipe's differences from the defaults, "key value"
    recipe: Mapping[str, Json]  # resolved
    data: Mapping[str, Json]  # facts by split
    data_checks: tuple[Check, ...]
    main_metric: str
    table: tuple[Row, ...]
    checks: tuple[Check, ...]
    samples: tuple[Mapping[str, Json], ...] = ()  # row, text, gold: training rows as a model that writes reads them
    now_right: tuple[Mapping[str, Json], ...] = ()  # text, before, after, gold
    now_wrong: tuple[Mapping[str, Json], ...] = ()
    hardest: tuple[Mapping[str, Json], ...] = ()  # text, gold, predicted, confidence (but of numbers)
    per_label: tuple[Mapping[str, Json], ...] = ()  # label, precision, recall, f1, support
    confusion: Mapping[str, Json] = field(default_factory=dict)  # labels, matrix (gold by predicted)
    pretraining: Mapping[str, Json] = field(default_factory=dict)  # what `pretrain.Pretrained.told` holds
    slices: tuple[Mapping[str, Json], ...] = ()  # slice, value, rows, before, after (Interval as list)
    calibration: Mapping[str, Json] = field(default_factory=dict)  # ece, bins, temperature
    curves: Mapping[str, Json] = field(default_factory=dict)  # name -> list of [step, value]
    clock: Mapping[str, Json] = field(default_factory=dict)  # forecast_seconds, seconds, by step
    environment: Mapping[str, Json] = field(default_factory=dict)
    main_metrics: tuple[str, ...] = ()  # one a task, where several were learnt


class Watch(Protocol):
    """Be told of progress: a named moment and its facts. The default watches silently."""

    def __call__(self, moment: str, **facts: Json) -> None: ...


def silent(moment: str, **facts: Json) -> None:
    """Watch a run without a word."""
