"""Hold a task to what every task promises; ours and strangers' pass the same function.

In: a task's name as a recipe has it, at least 24 rows that it can learn, an empty folder. Out: nothing, or an
AssertionError that says which promise is broken. Trains a tiny random model from end to end, in seconds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import dongcha
from dongcha.checks.labels_aligned import perfect_answers, wrong_rows
from dongcha.config import Recipe
from dongcha.data.features import gather
from dongcha.data.load import ReadOptions, load
from dongcha.data.splits import Splits
from dongcha.models.model import Model
from dongcha.models.source import Source
from dongcha.registry import find
from dongcha.tasks._base import Columns, Searches, Task, Writes
from dongcha.tasks._model import learn, model_for, task_from
from dongcha.tasks._predict import columns_of, lay_flat, ready
from dongcha.tasks._rows import data_of, fields_of, read_rows
from dongcha.testing.tiny import tiny_encoder, tiny_writer
from dongcha.types import Prediction, Report

Rows = Sequence[dict[str, Any]]
WRITER = "writer"  # the head of tasks whose answers are text
READ = ("input_ids", "token_type_ids")  # columns that say what a model reads
CHOICES = "choices"  # a field of answers that a row brings
HALF = 7  # rows of the first part, where a data set is taken in two
ROUNDING = 2e-4  # of a number that is told with four digits
MACHINE = "forecast_kept"  # the one proof that hangs on what else the machine does
FAST: dict[str, Any] = {"threads": 1, "train": {"epochs": 2, "learning_rate": 3e-3, "batch_tokens": 200}}


def conform(
    name: str | Sequence[str | Mapping[str, Any]], rows: Rows, folder: Path, **sections: Mapping[str, Any]
) -> Report:
    """Hold a task, or several as a recipe lists them, to every promise; AssertionError at the first that is broken.

    Returns the report of the run that it ends with.

    `sections` are added to the recipe: a task that one of its keys changes is held to them in each form. Where several
    tasks have `data` of their own, `rows` are only answered.
    """
    folder = folder.resolve()  # a recipe's paths are taken from its folder
    writes = isinstance(name, str) and getattr(find("tasks", name).Task, "head", None) == WRITER
    writes |= sections.get("adapt", {}).get("method") == "in_context"
    encoder = tiny_writer(folder / "writer") if writes else tiny_encoder(folder / "encoder")
    apart = not isinstance(name, str) and any(isinstance(one, Mapping) and one.get("data") for one in name)
    given: dict[str, Any] = {**({} if apart else {"data": {"train": list(rows)}}), **FAST}
    given |= {key: {**given.get(key, {}), **section} for key, section in sections.items()}
    given |= {"task": name} if isinstance(name, str) else {"tasks": list(name)}
    recipe = Recipe(name="conform", model=str(encoder), folder=folder, **given)
    if apart:
        dataset = read_rows(recipe, None).by_name["train"]
    else:
        options = ReadOptions(columns=data_of(recipe).columns)
        dataset = load(list(rows), fields_of(recipe), base=folder, options=options, cache=None)
    task = learn(recipe, Splits({"train": dataset}, frozenset(), 0))
    model = model_for(recipe, task, Source("tiny", encoder, ""), dataset)
    task = ready(task, model)
    columns = {column: dataset.column(column) for column in columns_of(task, dataset, gold=True)}
    keeps_its_card(task, model)
    encodes_parts_as_the_whole(task, model, columns)
    decodes_its_own_targets(task, model, columns)
    never_reads_gold(task, model, columns)
    decodes_parts_as_the_whole(task, model, columns)
    speaks_of_targets(task, columns)
    return runs_to_the_end(recipe, rows)


def taken(columns: Columns, part: slice) -> Columns:
    """Return some rows of columns."""
    return {name: values[part] for name, values in columns.items()}


def keeps_its_card(task: Task, model: Model) -> None:
    """Rebuild the task from its card, through JSON: it is the same."""
    card = json.loads(json.dumps(task.card())) | {"max_tokens": model.tokenizer.max_tokens}
    again = task_from(card)
    assert again.card() == task.card(), f"{task.name}: from_card(card()) has another card"
    assert again.fields == task.fields, f"{task.name}: from_card(card()) reads other fields"
    assert again.labels == task.labels, f"{task.name}: from_card(card()) has other labels"


def encodes_parts_as_the_whole(task: Task, model: Model, columns: Columns) -> None:
    """Encode rows in two parts: they give the features of all at once, numbered from the first row on."""
    whole = gather([task.encode(columns, model.tokenizer, 0)])
    first = task.encode(taken(columns, slice(HALF)), model.tokenizer, 0)
    parts = gather([first, task.encode(taken(columns, slice(HALF, None)), model.tokenizer, HALF)])
    for kind in ("tokens", "units"):
        ours, theirs = getattr(whole, kind), getattr(parts, kind)
        assert {*ours} == {*theirs}, f"{task.name}: a part has other {kind} than the whole"
        for name, values in ours.items():
            assert np.array_equal(values, theirs[name]), f"{task.name}: {kind} {name} differ when encoded in parts"
    row = np.asarray(whole.units["row"])
    assert set(row.tolist()) == set(range(len(columns[task.fields[0]]))), f"{task.name}: some row has no feature"
    assert (np.diff(row) >= 0).all(), f"{task.name}: features do not stand in the order of their rows"
    assert int(whole.lengths.max()) <= model.tokenizer.max_tokens, f"{task.name}: a feature is longer than the model"


def decodes_its_own_targets(task: Task, model: Model, columns: Columns) -> None:
    """Decode what a model that knows every target would say: it is perfect by the main metric."""
    features = gather([task.encode(columns, model.tokenizer, 0)])
    found = perfect_answers(task, features, columns, model.spec)
    metric = next(iter(task.metrics.values()))
    outcome = task.outcome(columns, found)
    scores = metric.row_scores(outcome)
    assert len(scores) == len(columns[task.fields[0]]), f"{task.name}: {metric.name} has not one score a row"
    wrong = wrong_rows(task, outcome)
    assert not len(wrong), f"{task.name}: perfect outputs decode to a wrong answer in row {wrong[:1]}"
    assert np.isfinite(metric.figure(outcome)), f"{task.name}: {metric.name} of perfect answers is no number"
    tells_wrong_from_right(task, columns, found)


def tells_wrong_from_right(task: Task, columns: Columns, perfect: Sequence[Prediction]) -> None:
    """Give each row the perfect answer of the next one: where their targets differ, some row is wrong.

    A row that brings its own choices is given another of these.
    """
    targets = [one.target for one in (*perfect[1:], *perfect[:1])]
    if CHOICES in columns:
        answer = task.fields[-1]
        pairs = zip(columns[CHOICES], columns[answer], strict=True)
        targets = [{answer: next(choice for choice in own if choice != gold)} for own, gold in pairs]
    moved = [replace(one, target=target) for one, target in zip(perfect, targets, strict=True)]
    golds = [columns[name] for name in task.fields[task.num_inputs :]]
    if any(gold[row] != gold[row - 1] for gold in golds for row in range(len(gold))):
        wrong = wrong_rows(task, task.outcome(columns, moved))
        assert len(wrong), f"{task.name}: another row's answer counts as right, whatever the target"


def some_outputs(task: Task, model: Model, columns: Columns) -> tuple[Any, np.ndarray]:
    """Return features without gold, and what the untrained model says of them."""
    inputs = {name: values for name, values in columns.items() if name not in task.fields[task.num_inputs :]}
    features = gather([task.encode(inputs, model.tokenizer, 0)])
    return features, lay_flat(features, model.logits(features))


def never_reads_gold(task: Task, model: Model, columns: Columns) -> None:
    """Encode and decode rows with and without their targets: what is read and answered is the same."""
    gold = task.fields[task.num_inputs :]
    assert gold, f"{task.name}: no field is left to find; num_inputs is {task.num_inputs} of {task.fields}"
    bare = {name: values for name, values in columns.items() if name not in gold}
    features, outputs = some_outputs(task, model, columns)
    learnt = gather([task.encode(columns, model.tokenizer, 0)])
    if isinstance(task, Writes):
        learnt = task.prompts_in(learnt)
    if isinstance(task, Searches):  # what is learnt from holds answers too, each behind its query
        learnt = learnt.take(np.unique(np.asarray(learnt.units["row"]), return_index=True)[1])
    same = [np.array_equal(learnt.starts, features.starts)]
    same += [np.array_equal(learnt.tokens[name], features.tokens[name]) for name in READ if name in features.tokens]
    assert all(same), f"{task.name}: encode reads the targets: the tokens are others without them"
    with_gold, without = (task.decode(outputs, features, rows, 0) for rows in (columns, bare))
    assert with_gold == without, f"{task.name}: decode reads the targets"
    for prediction in without:
        assert set(prediction.target) >= set(gold), f"{task.name}: a prediction lacks one of {gold}"
        assert 0 <= prediction.confidence <= 1, f"{task.name}: a confidence of {prediction.confidence}"


def decodes_parts_as_the_whole(task: Task, model: Model, columns: Columns) -> None:
    """Decode rows alone: each is answered as among others."""
    _, outputs = some_outputs(task, model, columns)
    bare = {name: values for name, values in columns.items() if name not in task.fields[task.num_inputs :]}
    features = gather([task.encode(bare, model.tokenizer, 0)])
    whole = task.decode(outputs, features, bare, 0)
    assert [p.row for p in whole] == list(range(len(whole))), f"{task.name}: predictions are not one a row, in order"
    by_token = len(outputs) == int(features.starts[-1]) != len(features)
    for row in (0, HALF):
        one = taken(bare, slice(row, row + 1))
        mine = np.flatnonzero(np.asarray(features.units["row"]) == row)
        span = slice(int(features.starts[mine[0]]), int(features.starts[mine[-1] + 1]))
        part = outputs[span] if by_token else outputs[mine]
        alone = task.decode(part, gather([task.encode(one, model.tokenizer, 0)]), one, 0)
        assert alike(alone[0].target, whole[row].target), f"{task.name}: row {row} is answered otherwise when alone"


def alike(one: Any, other: Any) -> bool:
    """Tell whether two answers are the same, but for what rounding does to a number."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= ROUNDING * max(1.0, abs(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


def speaks_of_targets(task: Task, columns: Columns) -> None:
    """Ask for each gold target's short form for people."""
    for row in range(len(columns[task.fields[0]])):
        target = {name: columns[name][row] for name in task.fields[task.num_inputs :]}
        said = task.shown(target, str(columns[task.fields[0]][row]))
        assert isinstance(said, str) and said, f"{task.name}: shown() says nothing of row {row}"


def runs_to_the_end(recipe: Recipe, rows: Rows) -> Report:
    """Run from end to end: the proofs pass, and the saved model answers each row alone as among others.

    Returns the run's report.
    """
    report = dongcha.run(recipe)
    assert isinstance(report, Report)
    broken = [check.name for check in report.checks if check.status == "failed" and check.name != MACHINE]
    assert not broken, f"{recipe.task_name}: the run's proofs failed: {', '.join(broken)}"
    predictor = dongcha.load(Path(recipe.folder) / report.folder)
    gold = predictor.task.fields[predictor.task.num_inputs :]
    asked = [{name: value for name, value in row.items() if name not in gold} for row in rows]
    answers = list(predictor.predict(asked))
    assert len(answers) == len(rows), f"{recipe.task_name}: {len(answers)} answers to {len(rows)} rows"
    one_by_one = [next(iter(predictor.predict([row]))) for row in asked[:3]]
    for alone, among in zip(one_by_one, answers, strict=False):
        same = all(alike(alone[name], among[name]) for name in gold if not isinstance(among[name], float))
        assert same, f"{recipe.task_name}: a row is answered otherwise when it comes alone"
    json.dumps(answers, allow_nan=False)
    return report
