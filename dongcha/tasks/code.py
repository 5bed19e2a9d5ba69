"""Write the body of a function whose head is given; judged by running it.

Rows: `prompt` (the head of a function), `solution` (its body); where solutions are judged, `test` (a program that
defines `check(candidate)`) and `entry_point` (the function's name). What is run is prompt and solution, then the test,
then `check(entry_point)`: always in a sandbox (`dongcha.sandbox`). Metrics: pass@1 first, pass@k for as many samples as
there are (`evaluate.decoding.samples`); see `metrics/passes.py`.

Prompt and solution are taken to the letter, white space included. An answer is over where HumanEval's harness lets it
be (Chen et al. 2021, section 2.1), at a line that opens something new at the margin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from dongcha.config.sections import Decoding
from dongcha.data.dataset import Dataset
from dongcha.data.rows import row_numbers
from dongcha.errors import DataError
from dongcha.locale import say
from dongcha.metrics import Metric, Outcome, passes
from dongcha.models.said import ToTheLetter, cut_at, plain_cut_at
from dongcha.models.tokenizer import Encoded, Tokenizer
from dongcha.sandbox import Program, refuse_without
from dongcha.tasks._base import Columns, Lengths, num_rows
from dongcha.tasks._programs import Judge
from dongcha.tasks._writes import CANDIDATES, Writing
from dongcha.types import Prediction, Watch

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here: a prompt loses its beginning
TAKES_WINDOWS = False
ENDS = ("\ndef ", "\nclass ", "\nif __name__", "\nprint(", "\n#", "\n@")  # strings at which a function is over
KS = (1, 5, 10, 100)  # of pass@k
TEST, ENTRY_POINT = "test", "entry_point"
PROGRAM_SECONDS = 0.05  # to make a sandbox and run a short program in it, measured on 2 cores


@dataclass(frozen=True, kw_only=True)
class Task(Writing):
    """A function's body; `judge` runs what was written."""

    judge: Judge = field(default_factory=Judge, repr=False, compare=False)

    name = "code"
    fields = ("prompt", "solution", "test?", "entry_point?")
    aids = (TEST, ENTRY_POINT)
    baselines = ("nearest_target",)
    usual_prompts: ClassVar[Mapping[str, str]] = {"en": "{prompt}", "zh": "{prompt}"}

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Let an answer be over at those of ENDS that no training solution goes beyond."""
        prompt, solution = (train.column(name) for name in cls.fields[:2])
        rows = list(zip(prompt, solution, strict=True))
        ends = (end for end in ENDS if not any(end in head[1 - len(end) :] + body for head, body in rows))
        return replace(super().learn(train, lengths), stop=tuple(ends))

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """pass@k for each k that there are samples for, pass@1 first."""
        samples = self.decoding.samples
        return passes.metrics([k for k in KS if k <= samples], one_sample=samples == 1)

    def behind(self, answer: str, tokenizer: Tokenizer) -> str:
        """Return an answer to the letter."""
        return answer

    @property
    def writes_by(self) -> Decoding:
        """How it writes: blanks that a text opens with are part of it, so its end may stand among them."""
        return self.decoding.model_copy(update={"stop": ToTheLetter(self.stop)})

    def answer_in(self, written: str) -> str:
        """Return what was written, to the letter, up to where the function is over."""
        return cut_at(written, self.stop)

    @property
    def plain_cut(self) -> str:
        """What `answer_in` does to a text, as Python that stands behind it."""
        return plain_cut_at(self.stop)

    def cut(self, text: str, own: Encoded, kept: int) -> str:
        """Return the end of a prompt: what is to be written follows on it."""
        return text[int(own.end[-kept - 1]) :]  # a character of several tokens goes whole

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Run what was written, and count by row the samples and those that passed.

        Who gave one answer where there are to be several samples, a baseline, would give it each time.
        """
        texts = [prediction.target.get(CANDIDATES) or [prediction.target[self.gold]] for prediction in predictions]
        programs = [self.program(rows, row, text) for row, samples in enumerate(texts) for text in samples]
        verdicts = iter(self.judge.passed(programs))
        tries = []
        for samples in texts:
            right = sum(next(verdicts) for _ in samples)
            times = self.decoding.samples if len(samples) == 1 else 1
            tries.append((times * len(samples), times * right))
        return Outcome(list(rows[TEST]), tries)

    def program(self, rows: Columns, row: int, solution: str) -> Program:
        """Return what is run to judge a solution of a row."""
        return Program(rows["prompt"][row] + solution, rows[TEST][row], rows[ENTRY_POINT][row])

    @property
    def judging_seconds(self) -> float:
        """Seconds to judge a row."""
        return PROGRAM_SECONDS * self.decoding.samples / self.judge.workers

    def judging(self, workers: int, watch: Watch) -> Self:
        """Return the task as one that runs so many programs at once."""
        return replace(self, judge=Judge(workers, watch))

    def refuse_unjudged(self, rows: Dataset) -> None:
        """Raise DataError where rows lack what solutions are run with, MachineError where nothing can be run."""
        for name in self.aids:
            values = rows.column(name) if name in rows.table.column_names else [None] * len(rows)
            for row, value in zip(row_numbers(rows), values, strict=True):
                facts = {"source": rows.source, "row": row, "field": name}
                if not str(value or "").strip():
                    raise DataError(say("tasks.no_test", **facts))
                if name == ENTRY_POINT and not value.isidentifier():
                    raise DataError(say("tasks.no_function", **facts, found=value))
        refuse_without()

    def solved(self, rows: Columns) -> list[bool]:
        """Tell of each row whether its own solution passes its own test."""
        return self.judge.passed([self.program(rows, row, rows[self.gold][row]) for row in range(num_rows(rows))])

    def differing(self, rows: Columns, predictions: Sequence[Prediction]) -> np.ndarray:
        """Return the 0-based positions of the rows whose answer is not to the letter the solution."""
        pairs = zip(rows[self.gold], predictions, strict=True)
        return np.flatnonzero([wanted != found.target[self.gold] for wanted, found in pairs])
