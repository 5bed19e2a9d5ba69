"""Plan a pretraining before its first step: its numbers, what it will cost, how much of a time limit it may take.

In: the work with the corpus, the forecast of the task's own training. Out: a PretrainPlan, kept with the run's plan.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dongcha.config import Recipe
from dongcha.data.features import Features
from dongcha.models.adapted import Adapted
from dongcha.models.model import Model
from dongcha.models.probe import MOST_UNITS, SECONDS_A_NUMBER
from dongcha.objectives.written import WrittenObjective
from dongcha.pretrain import mlm
from dongcha.pretrain._base import Asks, Learner
from dongcha.pretrain._surprise import General
from dongcha.stations.pretrain import eyes_of, learner_of, pretrain_settings
from dongcha.steps import Work
from dongcha.train.forecast import Forecast, forecast, parts_for
from dongcha.train.form import training_form

LIMIT_SHARE = 0.5  # of the time that a limit leaves beside all else, where a task follows
ALONE_COST = 0.7  # of a whole step: no gradient passes through the backbone
FORWARD_COST = 0.4  # of a whole step: neither gradients nor the optimiser
NO_FEATURES = Features(np.zeros(1, np.int64), {"input_ids": np.zeros(0, np.int32)}, {"row": np.zeros(0, np.int64)}, {})


@dataclass(frozen=True)
class PretrainPlan:
    """What was decided (`max_steps`, `accumulation`), the seconds it should take by stretch, and the most it may.

    `around` is all beside the steps and the looks: new parts alone, what is measured before and after; `judging` is
    what of it comes last.
    """

    decided: Mapping[str, Any]
    around: float
    a_step: float
    steps: int
    a_look: float
    looks: int
    megabytes: float
    judging: float = 0.0
    most_seconds: float | None = None

    @property
    def total(self) -> float:
        """Return all its seconds."""
        return self.expected(self.steps, self.looks)

    def expected(self, steps: int, looks: int) -> float:
        """Return the seconds of a pretraining that took so many steps and looks."""
        return self.around + self.a_step * steps + self.a_look * looks


def plan_pretraining(work: Work, recipe: Recipe, whole: Forecast | None, left: float) -> PretrainPlan:
    """Time a few steps and add up; `whole` is the forecast of the task's training, `left` what a limit leaves."""
    corpus, features = work["corpus"].features, work["features"]
    learner = learner_of(work, recipe)
    settings = pretrain_settings(recipe, corpus, {})
    if isinstance(learner.objective, WrittenObjective):
        parts = parts_for(learner.module.backbone.config, settings.batch_tokens)
        settings = replace(settings, accumulation=parts)
    seen = Model(learner.module, work["model"].tokenizer, work["model"].spec, {})
    every = tuple(name for name, _ in learner.module.named_parameters())
    with training_form(Adapted(seen, every, frozenset(learner.module.new)), corpus, settings):
        found = forecast(seen, learner.objective, corpus, NO_FEATURES, settings, work["placement"])
    a_step, steps = found.step_seconds / max(1, found.num_steps), int(settings.max_steps or 1)
    every_look = int(settings.validate_steps or steps)
    general, eyes = work["held_out"], eyes_of(work)
    look = 0.0
    if isinstance(eyes, General):
        look = reading_seconds(eyes, a_step, settings.batch_tokens)
    elif eyes is not None and whole is not None:
        units = int(features["train"].lengths.sum()) if work["model"].spec.by_token else len(features["train"])
        look = whole.inference_seconds(features["train"]) + whole.inference_seconds(features["validation"])
        look += SECONDS_A_NUMBER * min(MOST_UNITS, units) * int(learner.module.backbone.config.hidden_size)
    around = ALONE_COST * a_step * alone_steps(learner, general) + 2 * look
    reading = sum(reading_seconds(texts, a_step, settings.batch_tokens) for texts in general.values())
    around += 2 * reading
    judging = reading + ALONE_COST * a_step * heads_steps(learner, general)
    decided: dict[str, Any] = {"accumulation": found.accumulation}
    most = None
    if np.isfinite(left):
        most = max(0.0, left if whole is None else LIMIT_SHARE * left)
        fits = int((most - around - look) / (a_step + look / every_look))
        steps = decided["max_steps"] = max(1, min(steps, fits))
    looks = math.ceil(steps / every_look)
    return PretrainPlan(decided, around, a_step, steps, look, looks, found.megabytes, judging, most)


def reading_seconds(texts: General, a_step: float, batch_tokens: int) -> float:
    """Return what it costs to measure how surprising texts are: passes without gradients, told by a step's time."""
    return FORWARD_COST * a_step * texts.draws * int(texts.features.starts[-1]) / batch_tokens


def alone_steps(learner: Learner, general: Mapping[str, General]) -> int:
    """Count the steps that new parts take alone: the learner's, and those of the heads that tell what was forgotten."""
    return learner.alone_steps + 2 * heads_steps(learner, general)


def heads_steps(learner: Learner, general: Mapping[str, General]) -> int:
    """Count the steps of a head that tells what texts are to a model which has none of its own."""
    return 0 if isinstance(learner.objective, Asks) or not general else mlm.PLAIN.alone_steps
