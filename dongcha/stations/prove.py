"""Prove a run: predict before, by baselines, train, predict after, judge on the same rows, check the result."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from dongcha.adapt import adapt, finish
from dongcha.checks import Evidence, run_checks
from dongcha.checks.no_leak import leaked_rows
from dongcha.checks.recorded import write_record
from dongcha.config import Recipe
from dongcha.data.dataset import ROW, Dataset
from dongcha.evaluate import Candidate, Evaluation, evaluate
from dongcha.evaluate.frozen import predict_frozen, settle_frozen
from dongcha.evaluate.keep import keep_predictions
from dongcha.locale import say
from dongcha.loop import Fitted
from dongcha.loop.journal import Journal
from dongcha.loop.state import State
from dongcha.models.model import COLUMNS, UNSURE_BELOW, Model
from dongcha.models.probe import AnyProbe, fit_probe, is_as_it_is
from dongcha.objectives.task import TaskObjective
from dongcha.registry import find
from dongcha.stations.described import shaped_by, trains
from dongcha.stations.measured import clock_facts, line_of_test, size_megabytes
from dongcha.stations.plan import planned_task, rules_of_test
from dongcha.stations.prepare import encode_splits, text_language
from dongcha.stations.pretrain import MODEL
from dongcha.steps import CHECKPOINTS, LOG, Work
from dongcha.tasks._base import Searches, Task, Writes, rules_of
from dongcha.tasks._model import keep_passages, model_for
from dongcha.tasks._predict import columns_of, predict, ready
from dongcha.tasks._rows import columns_read
from dongcha.tasks._several import parts_of
from dongcha.train import train
from dongcha.train.decide import method_options
from dongcha.train.forecast import peak_megabytes
from dongcha.train.train import Examined, looked_at, validated
from dongcha.types import Check, Prediction, Row

Predictions = dict[str, list[Prediction]]  # by test set
PROBE, SHOWN_AS = "probe", {"zero_shot": "before_zero_shot"}  # ways to make "before", and what the table calls them
ZERO_SHOT = "zero_shot"  # what the table calls a model that was not trained
UNTRAINED = {"before": "before_untrained", "pretrained": "pretrained_untrained"}  # and those that write as they came
FREE = "after_free"  # the trained model, not held to the rules of its rows
PREDICTIONS, ADAPTER = "predictions", "adapter"


@dataclass(frozen=True)
class Before:
    """The frozen model with its linear layer: the layer, its predictions of each test set, what it cost.

    `probed` is the same with the layer fitted on labels, where the layer itself is another one.
    """

    probe: AnyProbe
    predictions: Predictions
    seconds: float
    probed: "Before | None" = None

    @property
    def fitted(self) -> "Before":
        """Return the one whose layer was fitted on labels."""
        return self.probed or self


@dataclass(frozen=True)
class TrainedRun:
    """The trained model with the task as validation settled it; `rescored` is its validation score computed anew."""

    model: Model
    task: Task
    fitted: Fitted
    rescored: float | None
    megabytes: float


def lacks_labels(work: Work) -> bool:
    """Tell whether a layer on the frozen backbone would need labels that the training rows have not."""
    return work["splits"].unlabelled and not is_as_it_is(work["task"].head)


def predict_before(work: Work) -> Before | None:
    """Put a linear layer on the frozen backbone, by the same training rows, and predict every test set.

    None where these rows have no labels.
    """
    if lacks_labels(work):
        return None
    if not trains(work["recipe"]) and is_as_it_is(work["model"].spec.name):  # before and after are the same
        return Before(fit_probe(work["model"], work["features"]["train"], work["recipe"].seed), {}, 0.0)
    if work["source"].original is not None:
        work = as_it_came(work)
    method = work["recipe"].evaluate.before.method
    probed = frozen(work, work["model"], PROBE)
    return probed if method == PROBE else replace(frozen(work, work["model"], method), probed=probed)


def as_it_came(work: Work) -> Work:
    """Return the work with the model as it was before its vocabulary grew, and texts as that one reads them."""
    source, train = work["source"].original, work["splits"].by_name["train"]
    model = model_for(work["recipe"], work["task"], source, train, shaped_by(work["recipe"]))
    work["placement"].module(model.module)
    work = work.but(source=source, model=replace(model, room=work["model"].room))
    return work.but(features=encode_splits(work))


def frozen(work: Work, model: Model, method: str) -> Before:
    """Predict every test set with a model's frozen backbone and the layer that a method of `evaluate.before` makes."""
    started = time.monotonic()
    recipe, task, splits = work["recipe"], planned_task(work), work["splits"]
    way: Any = find("evaluate.before", method)
    asked = recipe.evaluate.before.method == method
    options = method_options(recipe, "evaluate.before", "evaluate.before") if asked else way.Options()
    language = text_language(splits.by_name["train"], task.fields[0])
    layer = way.layer(model, task, work["features"]["train"], language, recipe.seed, options)
    validation = examined(work, model) if method == PROBE else None  # other ways read no labels
    if validation is not None:
        task = settle_frozen(task, model, layer, validation.features, validation.rows)
    found = {name: predict_frozen(task, model, layer, splits.by_name[name]) for name in splits.tests}
    return Before(layer, found, time.monotonic() - started)


def predict_pretrained(work: Work) -> Before | None:
    """Fit a linear layer on the pretrained backbone, frozen, as before on the original; predict every test set."""
    return None if lacks_labels(work) else frozen(work, work["start"], PROBE)


def predict_baselines(work: Work) -> dict[str, tuple[list[Prediction], float]]:
    """Predict the test set with the task's honest baselines; each with its seconds. Without labels some cannot be."""
    task, splits = work["task"], work["splits"]
    found: dict[str, tuple[list[Prediction], float]] = {}
    for part in parts_of(task) if splits.tests else ():
        own: Any = part.task
        known = known_of(own)
        train, test = part.learnt_from(splits.by_name["train"]), part.dataset(splits.by_name[splits.tests[0]])
        for name in own.baselines:
            started = time.monotonic()
            baseline: Any = find("evaluate.baselines", name)
            if splits.unlabelled and getattr(baseline, "LEARNS", True):
                continue
            tunes = getattr(baseline, "TUNES", False) and "validation" in splits.by_name
            validation = (part.learnt_from(splits.by_name["validation"]),) if tunes else ()
            predictions = part.among(baseline.predict(train, test, known, work["recipe"].seed, *validation))
            found[f"{part.name}.{name}" if part.name else name] = (predictions, time.monotonic() - started)
    return found


def known_of(task: Task) -> Any:
    """Return what a task's baselines are told beside rows: passages, the fields read and written, or labels."""
    if isinstance(task, Searches):
        return task.passages
    return task.sides if isinstance(task, Writes) else task.labels


def learner(work: Work) -> Model:
    """Return the model that learns the task: the pretrained one where a run pretrains."""
    model: Model = work["start"] if "start" in work else work["model"]
    return model


def train_model(work: Work) -> TrainedRun:
    """Train, settle what validation decides, save the model."""
    task, model = planned_task(work), learner(work)
    recipe = work["plan"].recipe
    validation = examined(work, model)
    fitted = (in_steps if trains(recipe) else at_once)(work, validation)
    rescored = None
    if validation is not None:
        found, outputs = validated(model, task, TaskObjective(model.spec), validation)
        rescored = found.score
        task = task.settle(outputs, validation.features, validation.rows)
    facts: dict[str, Any] = {"model": work["source"].name, "language": recipe.language or ""}
    read = {*task.fields, *rules_of(task), *(("tokens",) if "text" in task.fields else ())}
    columns = {field: list(names) for field, names in columns_read(recipe).items() if field in read}
    facts |= {UNSURE_BELOW: recipe.evaluate.unsure_below, COLUMNS: columns}
    settled = replace(model, card=task.card() | facts)
    settled.save(work.folder / MODEL)
    task = ready(task, settled)
    keep_passages(task, work.folder / MODEL)
    return TrainedRun(settled, task, fitted, rescored, peak_megabytes())


def in_steps(work: Work, validation: Examined | None) -> Fitted:
    """Run the training loop."""
    plan, model = work["plan"], learner(work)
    recipe = plan.recipe
    options = method_options(recipe, "adapt", "adapt")
    metric, sign = looked_at(work["task"])
    work.watch("looks_at", metric=metric, sign=sign)
    found = train(
        adapt(model, recipe.adapt.method, options, seed=recipe.seed, watch=work.watch),
        work["task"],
        work["features"]["train"],
        validation,
        plan.settings,
        start=head_start(work, model) if recipe.train.head_start == "probe" else None,
        placement=work["placement"],
        folder=work.folder / CHECKPOINTS,
        watch=work.watch,
        journal=Journal(work.folder / LOG),
        budget=plan.budget(work["clock"]),
        row_names=lambda rows: rows_in_files(work["splits"].by_name["train"], rows),
    ).fitted
    finish(model, recipe.adapt.method, work.folder / ADAPTER)
    return found


def at_once(work: Work, validation: Examined | None) -> Fitted:
    """Let a method that trains nothing set the head: no step is taken, nothing is kept to go on from."""
    started = time.monotonic()
    recipe, task = work["plan"].recipe, work["task"]
    way: Any = find("adapt", recipe.adapt.method)
    options = method_options(recipe, "adapt", "adapt")
    language = text_language(work["splits"].by_name["train"], task.fields[0])
    way.start(learner(work), task, work["features"]["train"], language, options)
    return Fitted(State(seconds=time.monotonic() - started), 0)


def rows_in_files(dataset: Dataset, rows: list[int]) -> str:
    """Say where rows of a data set (0-based) stand: its source, and their 1-based rows there."""
    numbers = ", ".join(str(row[ROW]) for row in dataset.rows(rows))
    return say("stations.file_rows", source=dataset.source, rows=numbers)


def head_start(work: Work, model: Model) -> AnyProbe:
    """Return the linear layer that a head can start from: on vectors as they are, whatever served best as before."""
    probe: AnyProbe = work["pretrained"].probe if "pretrained" in work else work["before"].fitted.probe
    if not probe.unit:
        return probe
    return fit_probe(model, work["features"]["train"], work["recipe"].seed, scalings=(False,))


def examined(work: Work, model: Model) -> Examined | None:
    """Return the validation rows as features and columns; None without a validation set."""
    dataset = work["splits"].by_name.get("validation")
    if dataset is None:
        return None
    task, features = work["task"], work["features"]["validation"]
    rows = {name: dataset.column(name) for name in columns_of(task, dataset, gold=True)}
    return Examined(task.judged(features) if isinstance(task, Writes) else features, rows)


def predict_after(work: Work) -> Predictions:
    """Predict every test set, and validation, with the trained model; keep the predictions on disk."""
    run: TrainedRun = work["train"]
    found = {}
    for name, dataset in work["splits"].by_name.items():
        if name != "train":
            found[name] = list(predict(run.task, run.model, dataset))
            keep_predictions(work.folder / PREDICTIONS / f"{name}.parquet", run.task, dataset, found[name])
    return found


def evaluate_candidates(work: Work) -> Evaluation | None:
    """Judge baselines, before and after on the test rows; extra test sets and rows without leaks as slices."""
    splits, task = work["splits"], work["train"].task
    if not splits.tests:
        return None
    recipe = work["plan"].recipe
    versus = {name: one for name, (one, _) in task.combined.items()} if isinstance(task, Searches) else {}
    versus |= {"pretrained": "before"} if "pretrained" in work else {}
    options = {"slice_columns": recipe.evaluate.slices, "seed": recipe.seed}
    found = evaluate(task, splits.by_name[splits.tests[0]], candidates_of(work), versus=versus, **options)
    table = named(found.table, recipe, writes=isinstance(task, Writes))
    return replace(found, slices=(*found.slices, *extra_tests(work)), table=table)


def candidates_of(work: Work) -> list[Candidate]:
    """Return what was said of the first test set, in the table's order: baselines, before, joined rankings, after.

    Where rules were enforced, what the trained model writes without them stands beside: what they gain and cost.
    """
    run, before, task = work["train"], work["before"], work["train"].task
    test_name, after = work["splits"].tests[0], work["after"]
    size = size_megabytes(work.folder / MODEL)
    cost = {"seconds": run.fitted.state.seconds, "megabytes": run.megabytes, "size_megabytes": size}
    candidates = [Candidate(name, *found) for name, found in work["baselines"].items()]
    trained = trains(work["plan"].recipe)
    if before and (before.probed or not (trained or is_as_it_is(task.head))):
        candidates.append(Candidate(PROBE, before.fitted.predictions[test_name], before.fitted.seconds))
    if trained:
        candidates.append(Candidate("before", before.predictions[test_name], before.seconds))
    combined = task.combined.items() if isinstance(task, Searches) else ()
    sides = {name: found[0] for name, found in work["baselines"].items()} | {"after": after[test_name]}
    candidates += [Candidate(name, task.combine(sides[one], sides[other])) for name, (one, other) in combined]
    if "pretrained" in work and not lacks_labels(work):
        candidates.append(Candidate("pretrained", work["pretrained"].predictions[test_name], reading_seconds(work)))
    if isinstance(task, Writes) and rules_of_test(work, task):
        free = task.asked(None, task.writes_by.model_copy(update={"enforce": False}))
        candidates.append(Candidate(FREE, list(predict(free, run.model, work["splits"].by_name[test_name]))))
    return [*candidates, Candidate("after", after[test_name], **cost)]


def named(table: tuple[Row, ...], recipe: Recipe, *, writes: bool) -> tuple[Row, ...]:
    """Call the rows of a table what they are: before by the way it was made, after an untrained model."""
    names = {"before": SHOWN_AS.get(recipe.evaluate.before.method, "before")}
    names |= UNTRAINED if writes else {}
    untrained = getattr(find("adapt", recipe.adapt.method), "SHOWN_AS", ZERO_SHOT)
    names |= {} if trains(recipe) else {"after": untrained}
    return tuple(
        replace(row, name=names.get(row.name, row.name), against=names.get(row.against, row.against)) for row in table
    )


def reading_seconds(work: Work) -> float:
    """Return what it took to pretrain, and to fit a layer on the result."""
    return float(work["pretrain"].told["seconds"] + work["pretrained"].seconds)


def extra_tests(work: Work) -> list[Mapping[str, Any]]:
    """Judge before and after on further test sets, and on test rows whose text does not stand in train."""
    splits, run, seed = work["splits"], work["train"], work["recipe"].seed
    sets = {name: (name, np.arange(len(splits.by_name[name]))) for name in splits.tests[1:]}
    leaked = leaked_rows(splits, run.task.fields, splits.tests[0])
    if len(leaked):
        clean = np.setdiff1d(np.arange(len(splits.by_name[splits.tests[0]])), leaked)
        sets[f"{splits.tests[0]} without leaked rows"] = (splits.tests[0], clean)
    lines: list[Mapping[str, Any]] = []
    for shown, (name, rows) in sets.items():
        if not len(rows):
            continue
        sides = {"before": work["before"].predictions[name]} if trains(work["plan"].recipe) else {}
        sides |= {"after": work["after"][name]}
        candidates = [Candidate(side, [at(found, i) for i in rows.tolist()]) for side, found in sides.items()]
        judged = evaluate(run.task, splits.by_name[name].take(rows), candidates, seed=seed)
        figures = {row.name: row.metrics[judged.main_metric] for row in judged.table}
        lines.append(line_of_test(shown, len(rows), figures))
    return lines


def at(predictions: list[Prediction], position: int) -> Prediction:
    """Return the prediction of a position."""
    return predictions[position]


def prove(work: Work) -> tuple[Check, ...]:
    """Write the run's record and run every proof on what was saved."""
    record(work)
    checks = run_checks(evidence_of(work))
    shutil.rmtree(work.folder / CHECKPOINTS, ignore_errors=True)
    return checks


def record(work: Work) -> None:
    """Write down by what the run can be told again."""
    write_record(work.folder, facts_to_record(work))


def facts_to_record(work: Work) -> dict[str, Any]:
    """Return what a run's record says of it beside versions and machine."""
    return {
        "seed": work["plan"].recipe.seed,
        "threads": work["placement"].threads,
        "device": str(work["placement"].device),
        "model": work["source"].name,
        "model_sha256": work["source"].sha256,
        "data": work["splits"].fingerprints,
        "run_hash": work.run_hash,
    }


def evidence_of(work: Work) -> Evidence:
    """Gather what the proofs look at."""
    run: TrainedRun = work["train"]
    return Evidence(
        folder=work.folder,
        model_folder=work.folder / MODEL,
        model=run.model,
        task=run.task,
        splits=work["splits"],
        features=work["features"],
        fitted=run.fitted,
        rescored=run.rescored,
        data_checks=work["data_checks"],
        resolved=work["plan"].recipe.resolved(),
        record=facts_to_record(work),
        clock=partial(clock_facts, work),
    )
