"""Plan a run before its first step: turn `auto` into numbers, time a few steps, cut the steps to the time limit.

In: the work with features and data checks. Out: a Plan, kept in the run's folder: a run that goes on reads it and
decides nothing again. Seconds count from the command's start, over all attempts (`loop.clock`).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dongcha import files
from dongcha.adapt import adapt, release
from dongcha.checks import SAMPLE
from dongcha.config import Recipe
from dongcha.data.features import Features
from dongcha.data.plan import of_groups
from dongcha.errors import RecipeError
from dongcha.locale import say
from dongcha.loop import LoopSettings
from dongcha.loop.clock import Budget, Clock
from dongcha.models.adapted import Adapted
from dongcha.models.heads._base import own_dropout
from dongcha.models.model import Model
from dongcha.models.precision import bf16_gain
from dongcha.models.probe import MOST_UNITS, SECONDS_A_NUMBER, linear_heads
from dongcha.models.writing import Pace, pace_of, room_for
from dongcha.objectives.task import TaskObjective
from dongcha.registry import find
from dongcha.stations.described import told_of
from dongcha.stations.prepare import tell_data
from dongcha.stations.pretrain import chosen_for
from dongcha.stations.pretrain_plan import PretrainPlan, plan_pretraining
from dongcha.steps import Kept, Work
from dongcha.tasks._base import Runs, Task, Writes, rules_of
from dongcha.tasks._laid import answers_in
from dongcha.train.auto import Measures
from dongcha.train.decide import choices, loop_settings, method_options, unusual_rate
from dongcha.train.forecast import Forecast, forecast, parts_for
from dongcha.train.form import training_form

# Seconds that follow training, measured on 2 cores over runs of 36 to 3,500 test rows.
REPORT_SECONDS = 2.5  # report with its charts, the marker, the end of the process
PROOF_SECONDS = 1.0  # proofs, beside their two passes over a sample
JUDGE_SECONDS_A_ROW = 1.6e-3  # intervals and paired test, a test row
BASELINE_SECONDS_A_ROW = 1e-4
JUDGED_SIDES = 3  # before, after and a baseline, whose answers are run where they are programs
TYPICAL_ROWS = 16  # of the batch that a precision is measured on
ROOM_OF_ANSWERS = "evaluate.decoding.max_new_tokens"
SLACK = 1.2  # by which a limit's plan takes every forecast to be too low
MARGIN_SECONDS = 1.0


@dataclass(frozen=True)
class Costs:
    """Seconds that are still to come, by stretch; `validation` is one look, of which there are `validations`."""

    before: float
    steps: float
    num_steps: int
    validation: float
    validations: int
    after: float
    pretraining: float = 0.0

    @property
    def total(self) -> float:
        """Return all of it."""
        return self.before + self.pretraining + self.steps + self.validation * self.validations + self.after

    @property
    def a_step(self) -> float:
        """Return seconds a step, with its share of the validations."""
        return (self.steps + self.validation * self.validations) / max(1, self.num_steps)


@dataclass(frozen=True)
class Plan:
    """What was decided before step 1: the recipe without `auto`, the loop's numbers, the forecast, remarks.

    `seconds` is the whole run's forecast; `reserve` what training must leave of a limit for what follows it.
    """

    recipe: Recipe
    settings: LoopSettings
    forecast: Forecast
    seconds: float
    remarks: tuple[str, ...]
    costs: Costs
    chosen: Mapping[str, Any]
    pretraining: PretrainPlan | None = None

    @property
    def is_cut(self) -> bool:
        """Tell whether a limit left fewer steps than there would have been."""
        return self.settings.max_steps is not None

    @property
    def reserve_of_reading(self) -> float:
        """Return the seconds that must be left for what follows a pretraining."""
        costs = self.costs
        return SLACK * (costs.total - costs.before - costs.pretraining) + MARGIN_SECONDS

    @property
    def reserve(self) -> float:
        """Return the seconds that must be left for what follows training."""
        return SLACK * self.costs.after + MARGIN_SECONDS

    def budget(self, clock: Clock) -> Budget:
        """Return the time that training may take from now on."""
        if clock.limit is None:
            return Budget(now=clock.now)
        costs = self.costs
        step = costs.steps / max(1, costs.num_steps)
        return Budget(clock.now() + clock.left() - self.reserve, step, costs.validation, now=clock.now)

    def expected(self, steps: int, validations: int) -> float:
        """Return the forecast of a run that took so many steps and looks: early ends are no error of a forecast."""
        costs = self.costs
        saved = costs.steps * (1 - steps / max(1, costs.num_steps))
        return self.seconds - saved - costs.validation * max(0, costs.validations - validations)


def decide_and_forecast(work: Work) -> Plan:
    """Tell what the data is, turn every `auto` into a number, time a few steps, cut them to the limit."""
    tell_data(work)
    recipe, model, features = work["recipe"], work["model"], work["features"]
    adapted = adapt(model, recipe.adapt.method, method_options(recipe, "adapt", "adapt"), seed=recipe.seed)
    of_reading = chosen_for(work) | room_of_answers(work)
    chosen = choices(recipe, measures_of(work, adapted)) | of_reading
    settings = loop_settings(recipe.replace(chosen) if chosen else recipe)
    if isinstance(work["task"], Writes):
        parts = parts_for(model.module.backbone.config, settings.batch_tokens)
        settings = replace(settings, accumulation=max(settings.accumulation, parts))
    parts = settings.accumulation
    test = features[work["splits"].tests[0]] if work["splits"].tests else features["train"]
    with training_form(adapted, features["train"], settings):
        expected = forecast(model, TaskObjective(model.spec), features["train"], test, settings, work["placement"])
    release(model, recipe.adapt.method)
    settings = replace(settings, accumulation=expected.accumulation)
    costs = costs_of(expected, features, settings, model, answers_of(work, chosen, test))
    reading = None
    if recipe.pretrain is not None:
        left = work["clock"].left() - SLACK * (costs.before + costs.after) - MARGIN_SECONDS
        reading = plan_pretraining(work, recipe.replace(chosen), expected, left)
        costs = replace(costs, pretraining=reading.total)
        expected = replace(expected, megabytes=max(expected.megabytes, reading.megabytes))
    steps = steps_in_time(costs, work["clock"], recipe)
    if steps is not None:
        epochs = math.ceil(steps * settings.epochs / costs.num_steps)
        chosen["train.epochs"] = epochs
        settings = replace(settings, epochs=epochs, max_steps=steps)
        looks = max(1, round(costs.validations * steps / costs.num_steps)) if costs.validations else 0
        cut = steps / costs.num_steps
        costs = replace(costs, steps=costs.steps * cut, num_steps=steps, validations=looks)
    if not adapted.trained:
        chosen = of_reading  # an `auto` that nothing reads stays what it was
    decided = recipe.replace(chosen) if chosen else recipe
    seconds = work["clock"].spent() + costs.total
    remarks = remarks_of(work, decided, settings, parts)
    plan = Plan(decided, settings, expected, seconds, remarks, costs, chosen, reading)
    tell_forecast(work, plan)
    return plan


def room_of_answers(work: Work) -> dict[str, Any]:
    """Return how long what is written may become, where the recipe leaves it open: a quarter above training's."""
    if not isinstance(work["task"], Writes) or work["recipe"].evaluate.decoding.max_new_tokens != "auto":
        return {}
    return {ROOM_OF_ANSWERS: room_for(longest_answer(work["features"]["train"]))}


def planned_task(work: Work) -> Task:
    """Return the task as the plan has it: one that writes knows how long its answers may become, and reads as before.

    What answers may become is known when training's prompts are cut already: those that are judged are cut alike.
    """
    task: Task = work["task"]
    if not isinstance(task, Writes):
        return task
    recipe = work["plan"].recipe
    return task.keeping_room(work["model"].tokenizer).asked(recipe.data.prompt, recipe.evaluate.decoding)


def tell_forecast(work: Work, plan: Plan) -> None:
    """Tell what the run will cost, and what should be remarked on."""
    work.watch("forecast", seconds=plan.seconds, megabytes=plan.forecast.megabytes, remarks=list(plan.remarks))


def measures_of(work: Work, adapted: Adapted) -> Measures:
    """Return what the rules for `auto` look at."""
    task, model, train = work["task"], work["model"], work["features"]["train"]
    together = train.groups is not None
    units = of_groups(train.lengths, train.groups)[1] if train.groups is not None else train.lengths
    mean_tokens = float(units.mean())
    width = int(model.module.backbone.config.hidden_size)
    trains_backbone = len(adapted.trained) > len(adapted.head)
    asks = trains_backbone and work["recipe"].train.precision == "auto"
    return Measures(
        num_rows=len(units) if together else len(work["splits"].by_name["train"]),
        mean_tokens=mean_tokens,
        hidden_width=width,
        trains_backbone=trains_backbone,
        tokens=int(train.lengths.sum()),
        by_token=model.spec.by_token,
        in_batch=task.loss == "in_batch",
        places=task.loss == "two_places",
        writes=task.loss == "next_token",
        dropout=own_dropout(model.module.backbone.config),
        rate_factor=getattr(find("adapt", work["recipe"].adapt.method), "RATE_FACTOR", 1.0),
        bf16_gain=bf16_gain(width, round(TYPICAL_ROWS * mean_tokens), model.device) if asks else 0.0,
    )


def remarks_of(work: Work, recipe: Recipe, settings: LoopSettings, parts: int) -> tuple[str, ...]:
    """Say what a user of this recipe, its `auto` decided, should know before it runs; `parts` were planned a batch."""
    model: Model = work["model"]
    found = told_of(recipe, model.spec.name, unlabelled=work["splits"].unlabelled)
    if not isinstance(recipe.model, str):
        found.append(say("pretrain.drawn"))
    if unusual_rate(recipe):
        found.append(say("stations.unusual_rate", rate=recipe.train.learning_rate))
    if recipe.train.head_start == "probe" and not linear_heads(model):
        found.append(say("stations.probe_unused"))
    if settings.max_steps is not None:
        found.append(say("stations.shortened", minutes=recipe.time_limit, steps=settings.max_steps))
    if settings.accumulation != parts:
        found.append(say("stations.halved", parts=settings.accumulation))
    return tuple(found)


@dataclass(frozen=True)
class Answers:
    """What it costs to let a model answer: its pace where it writes, the tokens it may write and those it will.

    `judging` are the seconds to judge an answer, where it is run for that.
    """

    pace: Pace = field(default_factory=lambda: Pace(1, 0.0, 0.0))
    most: float = 0.0
    usual: float = 0.0
    judging: float = 0.0
    again: int = 0  # test rows that the trained model writes once more, not held to their rules

    def seconds(self, rows: int, *, trained: bool) -> float:
        """Return the time to answer so many rows beside reading them: who was not trained may not come to an end."""
        return self.pace.seconds(rows, self.usual if trained else self.most)


NOTHING_WRITTEN = Answers()


def answers_of(work: Work, chosen: Mapping[str, Any], judged: Features) -> Answers:
    """Time how a model writes; other answers cost nothing beside a pass."""
    task = work["task"]
    if not isinstance(task, Writes):
        return NOTHING_WRITTEN
    most = int(chosen.get(ROOM_OF_ANSWERS, work["recipe"].evaluate.decoding.max_new_tokens))
    decoding = task.writes_by.model_copy(update={"max_new_tokens": most})
    usual = min(longest_answer(judged), most)
    judging = task.judging_seconds if isinstance(task, Runs) else 0.0
    rules = rules_of_test(work, task)
    pace = pace_of(work["model"], task.prompts_in(judged), decoding, rules)
    return Answers(pace, most, usual, judging, len(rules))


def longest_answer(features: Features) -> int:
    """Return the tokens of the longest answer in features, its end included."""
    return int(np.add.reduceat(answers_in(features), features.starts[:-1]).max()) if len(features) else 0


def rules_of_test(work: Work, task: Writes) -> list[dict[str, Any]]:
    """Return the rules of each row of the first test set; nothing where no row has any, or none is enforced."""
    splits, enforces = work["splits"], work["recipe"].evaluate.decoding.enforce
    if not enforces or not splits.tests:
        return []
    test = splits.by_name[splits.tests[0]]
    names = [name for name in rules_of(task) if name in test.table.column_names]
    rules = task.rules_in({name: test.column(name) for name in names})
    return rules if any(rules) else []


def costs_of(
    expected: Forecast,
    features: Mapping[str, Features],
    settings: LoopSettings,
    model: Model,
    answers: Answers = NOTHING_WRITTEN,
) -> Costs:
    """Add up what is still to come: the frozen model and the trained one on every judged set, steps, looks, proofs."""
    train, validation = features["train"], features.get("validation")
    judged = {name: part for name, part in features.items() if name != "train"}
    tests = [part for name, part in judged.items() if name != "validation"]
    one_look = 0.0 if validation is None else expected.inference_seconds(validation)
    every = settings.validate_steps
    looks = 0 if validation is None else math.ceil(expected.num_steps / every) if every else settings.epochs
    looks = looks if expected.num_steps else 0
    proven = validation if validation is not None else train
    sample = expected.inference_seconds(proven) * min(1.0, SAMPLE / max(1, len(proven)))
    units = min(MOST_UNITS, int(train.lengths.sum()) if model.spec.by_token else len(train))
    width = int(model.module.backbone.config.hidden_size)
    rows = len(train) + sum(len(part) for part in tests)
    before = expected.inference_seconds(train) + sum(expected.inference_seconds(part) for part in judged.values())
    before += SECONDS_A_NUMBER * units * width + BASELINE_SECONDS_A_ROW * rows
    before += sum(answers.seconds(len(part), trained=False) for part in tests)
    after = one_look + sum(expected.inference_seconds(part) for part in judged.values())
    after += sum(answers.seconds(len(part), trained=True) for part in judged.values())
    after += JUDGED_SIDES * answers.judging * sum(len(part) for part in tests)
    after += answers.seconds(answers.again, trained=True)
    after += 2 * sample + PROOF_SECONDS + JUDGE_SECONDS_A_ROW * sum(len(part) for part in tests) + REPORT_SECONDS
    proof = 2 * expected.step_seconds / max(1, expected.num_steps)
    return Costs(before, expected.step_seconds, expected.num_steps, one_look, looks, after + proof)


def steps_in_time(costs: Costs, clock: Clock, recipe: Recipe) -> int | None:
    """Return how many steps a limit has room for; None for all. A limit with no room for any is refused."""
    left = clock.left() - SLACK * (costs.before + costs.pretraining + costs.after) - MARGIN_SECONDS
    if SLACK * (costs.steps + costs.validation * costs.validations) <= left:
        return None
    one_look = costs.validation if costs.validations else 0.0
    steps = int((left / SLACK - one_look) / max(costs.a_step, 1e-9))
    if steps >= 1:
        return min(steps, costs.num_steps)
    needed = clock.spent() + MARGIN_SECONDS
    needed += SLACK * (costs.before + costs.pretraining + costs.after + one_look + costs.a_step)
    place, minutes = recipe.place("time_limit"), math.ceil(10 * needed / 60 + 1) / 10
    raise RecipeError(say("stations.no_time", place=place, limit=recipe.time_limit, needed=minutes))


def _write_plan(plan: Plan, folder: Path) -> None:
    decided = {"max_steps": plan.settings.max_steps, "accumulation": plan.settings.accumulation}
    facts = {"chosen": dict(plan.chosen), "settings": decided, "forecast": asdict(plan.forecast)}
    told = {"seconds": plan.seconds, "remarks": list(plan.remarks), "costs": asdict(plan.costs)}
    told |= {} if plan.pretraining is None else {"pretraining": asdict(plan.pretraining)}
    files.write_json(folder / "plan.json", facts | told)


def _read_plan(folder: Path, work: Work) -> Plan:
    found = files.read_json(folder / "plan.json")
    recipe: Recipe = work["recipe"]
    decided = recipe.replace(found["chosen"]) if found["chosen"] else recipe
    settings = replace(loop_settings(decided), **found["settings"])
    expected, costs = Forecast(**found["forecast"]), Costs(**found["costs"])
    reading = PretrainPlan(**found["pretraining"]) if "pretraining" in found else None
    remarks = tuple(found["remarks"])
    plan = Plan(decided, settings, expected, found["seconds"], remarks, costs, found["chosen"], reading)
    tell_data(work)
    tell_forecast(work, plan)
    return plan


KEPT_PLAN = Kept(_write_plan, _read_plan)
