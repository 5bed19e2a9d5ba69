"""Train by our own public stages: a recipe all `auto` up to its plan, then the stage itself for so many steps.

In: a model and a folder of `train`, `validation`, `test` as JSON lines. Out: (tokens of real text, seconds) of a
stretch of steps, and the rows in the form that peers read. Nothing of the loop is copied here.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import dongcha
from bench._rows import WARM, Rows, Steps, rows_of, text_tokens
from dongcha.adapt import adapt
from dongcha.config import Recipe
from dongcha.data.plan import plan_epoch
from dongcha.loop import LoopSettings
from dongcha.steps import Work
from dongcha.tasks._predict import columns_of, predict
from dongcha.train import train
from dongcha.train.decide import method_options

TAIL = 4  # last steps, in which a run takes a copy to prove that a resume is exact: once a run, so not counted
SPLITS = ("train", "validation", "test")
Told = Callable[[int], None]


class Ours:
    """A run that stands before its first step; `data` is the folder of its three files."""

    def __init__(self, model: str, data: Path, workspace: Path, *, threads: int, seed: int = 13) -> None:
        sources = {name: str((data / f"{name}.jsonl").absolute()) for name in SPLITS}
        recipe = Recipe(
            name="speed", task="tagging", language="en", model=model, threads=threads, seed=seed, data=sources
        )
        work = dongcha.run(recipe, workspace=workspace, until="plan")
        assert isinstance(work, Work)
        self.work, self.data = work, data
        self.features = work["features"]["train"]
        self.settings: LoopSettings = work["plan"].settings

    @property
    def frame(self) -> int:
        """Tokens that frame a text."""
        tokenizer = self.work["model"].tokenizer
        return len(tokenizer.prefix) + len(tokenizer.suffix)

    def rows(self) -> Rows:
        """Return the training rows in the form that peers read, with the very ids and labels that we train on."""
        lines = (self.data / "train.jsonl").read_text(encoding="utf-8").splitlines()
        return rows_of(self.features, [json.loads(line) for line in lines], self.work["task"].tags, self.frame)

    def tokens_a_step(self) -> float:
        """Return the mean number of tokens of a step, frames included and padding left out."""
        plan = plan_epoch(self.features.lengths, self.settings.batch_tokens, self.settings.seed, 0)
        return float(self.features.lengths.sum()) / len(plan)

    def stretch(self, num_steps: int, seed: int, told: Told | None = None, **changed: Any) -> tuple[int, float]:
        """Train so many steps as a run does; return tokens of real text and seconds. `told` hears of each step.

        `changed` are settings of the loop that are not the run's own.
        """
        steps, lengths = Steps(), self.features.lengths
        settings = replace(self.settings, seed=seed, max_steps=num_steps + WARM + TAIL, **changed)
        plan = [batch for epoch in range(settings.epochs) for batch in self._plan(settings, epoch)]

        def watch(moment: str, **facts: Any) -> None:
            if moment != "step":
                return
            rows = plan[facts["step"] - 1]
            assert facts["tokens"] == int(lengths[rows].sum()), "the loop took another batch than its plan says"
            steps.end(text_tokens(facts["tokens"], len(rows), self.frame))
            if told is not None:
                told(len(steps.ends))

        self.train(settings, watch)
        return steps.stretch(TAIL)

    def _plan(self, settings: LoopSettings, epoch: int) -> list[np.ndarray]:
        return plan_epoch(self.features.lengths, settings.batch_tokens, settings.seed, epoch)

    def train(self, settings: LoopSettings, watch: Callable[..., None] = lambda *_, **__: None) -> None:
        """Run the stage itself, without validation and without checkpoints, as the peers run."""
        work, recipe = self.work, self.work["plan"].recipe
        adapted = adapt(work["model"], recipe.adapt.method, method_options(recipe, "adapt", "adapt"))
        place, task = work["placement"], work["task"]
        train(adapted, task, self.features, None, settings, start=None, placement=place, folder=None, watch=watch)

    def score(self) -> float:
        """Return the main metric of the model, as it now is, on the test rows."""
        task, test = self.work["task"], self.work["splits"].by_name["test"]
        rows = {name: test.column(name) for name in columns_of(task, test, gold=True)}
        metric = next(iter(task.metrics.values()))
        return float(metric.figure(task.outcome(rows, list(predict(task, self.work["model"], test)))))
