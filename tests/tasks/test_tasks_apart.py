"""Several tasks on one backbone, each with rows of its own: none learns from, or is judged on, what is another's."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from finished_runs import Died, dies, saves_always
from hypothesis import given
from hypothesis import strategies as st

import dongcha
from dongcha.config import Recipe
from dongcha.data.dataset import TASK
from dongcha.data.features import gather
from dongcha.data.plan import plan_epoch, plan_mixed, shares
from dongcha.errors import DataError, RecipeError
from dongcha.loop.fit import mean_loss
from dongcha.metrics.several import MEAN
from dongcha.objectives.task import TaskObjective
from dongcha.report import read_report
from dongcha.tasks._predict import columns_of, encode
from dongcha.testing import tiny_rows

RATES = {"learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_tokens": 256}
TRAIN = {**RATES, "epochs": 16, "early_stopping": None}
SPLIT = {"validation": 0.2, "test": 0.3}


def tasks_of(reviews=96, places=48, scores=24, **more):
    rows = {
        "classification": tiny_rows("classification", reviews),
        "tagging": tiny_rows("tagging", places),
        "regression": tiny_rows("regression", scores),
    }
    names = {"classification": "opinion", "tagging": "places", "regression": "stars"}
    return [
        {"task": task, "name": names[task], "data": {"train": found, "split": SPLIT}, **more.get(task, {})}
        for task, found in rows.items()
        if found
    ]


@pytest.fixture(scope="module")
def finished(finish, models):
    return finish(name="apart", data=None, tasks=tasks_of(), model=str(models["pooled"]), train=TRAIN)


@pytest.fixture(scope="module")
def prepared(models, tmp_path_factory):
    """The work of a recipe up to its features, nothing trained."""
    recipe = Recipe(tasks=tasks_of(), model=str(models["pooled"]), folder=tmp_path_factory.mktemp("apart"), threads=1)
    return dongcha.run(recipe, until="features")


# what is read


def test_a_set_has_the_rows_of_all_and_knows_whose_each_is(prepared):
    for name, dataset in prepared["splits"].by_name.items():
        owners = dataset.column(TASK)
        assert TASK not in dataset.columns
        labels = dataset.column("label")
        assert [label is not None for label in labels] == [owner == "opinion" for owner in owners]
        assert {*owners} == {"opinion", "places", "stars"}, name
    counts = {owner: prepared["splits"].by_name["train"].column(TASK).count(owner) for owner in owners}
    assert counts == {"opinion": 48, "places": 24, "stars": 12}


def test_any_stretch_has_rows_of_each(prepared):
    owners = prepared["splits"].by_name["train"].column(TASK)
    assert all({"opinion", "places", "stars"} == {*owners[i : i + 16]} for i in range(0, len(owners) - 16, 8))


def test_each_task_learns_its_labels_from_its_own_rows(prepared):
    opinion, _places, stars = prepared["task"].parts
    assert opinion.task.labels == ("bad", "good")
    own = [row["score"] for row in prepared["splits"].by_name["train"].rows(range(84)) if row["score"] is not None]
    assert stars.task.deviation == pytest.approx(np.std(own))


def test_a_set_that_only_one_task_has_is_refused(models, tmp_path):
    tasks = tasks_of(scores=0)
    tasks[1]["data"]["split"] = {"validation": 0, "test": 0.3}
    with pytest.raises(DataError, match="task opinion has validation rows and task places has none; "):
        dongcha.run(Recipe(tasks=tasks, model=str(models["pooled"]), folder=tmp_path), until="task")


TOKENS = ["the", "room", "in", "st.paris", "was", "good"]  # split as text, the fourth would be three words


@pytest.mark.parametrize("reviews", [30, 90])  # the first row is the one task's, or the other's
def test_tokens_of_one_task_stand_beside_texts_of_another(models, tmp_path, reviews):
    tagged = [{"tokens": [*TOKENS, str(i)], "tags": ["O", "O", "O", "B-LOC", "O", "O", "O"]} for i in range(60)]
    tasks = tasks_of(reviews=reviews, scores=0)
    tasks[1]["data"]["train"] = tagged
    recipe = Recipe(tasks=tasks, model=str(models["pooled"]), folder=tmp_path, threads=1)
    work = dongcha.run(recipe, until="features")
    task, dataset, features = work["task"], work["splits"].by_name["train"], work["features"]["train"]
    assert features.facts["damaged_spans"] == 0 < features.facts["spans"]
    rows = {name: dataset.column(name) for name in columns_of(task, dataset, gold=True)}
    outputs = np.zeros((int(features.starts[-1]), task.num_outputs), np.float32)
    for owner, prediction in zip(rows[TASK], task.decode(outputs, features, rows, 0), strict=True):
        assert len(prediction.target.get("tags", ())) == (len(TOKENS) + 1 if owner == "places" else 0)


# what is learnt


def test_the_gradient_of_a_mixed_batch_is_that_of_each_tasks_own_rows_added_up(prepared):
    model, features = prepared["model"], prepared["features"]["train"]
    module = model.module.eval()
    whole = TaskObjective(model.spec)

    def gradient(objective, batch):
        module.zero_grad()
        tensors = {name: torch.from_numpy(np.ascontiguousarray(column)) for name, column in batch.items()}
        mean_loss(objective.loss(module, tensors), objective.weight(batch)).backward()
        return {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}

    mixed = gradient(whole, features.batch(np.arange(12), 0))
    total: dict = {}
    for number in range(3):
        own = np.flatnonzero(features.tasks[:12] == number)
        assert len(own)
        for name, part in gradient(whole, features.batch(own, 0)).items():
            total[name] = total.get(name, 0) + part
    for name, expected in total.items():
        torch.testing.assert_close(mixed[name], expected, rtol=1e-4, atol=1e-6)


def test_a_task_without_rows_in_a_batch_is_not_moved_by_it(prepared):
    model, features = prepared["model"], prepared["features"]["train"]
    batch = features.batch(np.flatnonzero(features.tasks == 0)[:6], 0)
    objective = TaskObjective(model.spec)
    tensors = {name: torch.from_numpy(np.ascontiguousarray(column)) for name, column in batch.items()}
    model.module.zero_grad()
    weight = objective.weight(batch)
    assert weight.tolist()[1:] == [0, 0]
    mean_loss(objective.loss(model.module, tensors), weight).backward()
    grads = [layer.weight.grad for layer in model.module.linears]
    assert grads[0].abs().sum() > 0
    assert all(grad is None or not grad.any() for grad in grads[1:])


@given(st.lists(st.integers(1, 60), min_size=2, max_size=4), st.floats(1, 8), st.integers(0, 5))
def test_batches_are_of_one_task_and_as_many_as_the_temperature_says(counts, temperature, epoch):
    tasks = np.repeat(np.arange(len(counts)), counts)
    lengths = np.random.default_rng(1).integers(3, 30, len(tasks))
    plan = plan_mixed(lengths, tasks, 64, 13, epoch, temperature)
    assert all(len({*tasks[batch].tolist()}) == 1 for batch in plan)
    drawn = np.bincount(tasks[np.concatenate(plan)], minlength=len(counts))
    wanted = shares(np.array(counts), temperature)
    assert drawn.tolist() == wanted.tolist() and wanted.sum() == len(tasks)
    exact = np.array(counts) ** (1 / temperature)
    assert np.abs(wanted - exact / exact.sum() * len(tasks)).max() <= 1
    times = np.bincount(np.concatenate(plan), minlength=len(tasks))
    for number in range(len(counts)):
        own = times[tasks == number]
        assert own.max() - own.min() <= 1
    assert all(len(batch) == 1 or len(batch) * lengths[batch].max() <= 64 for batch in plan)


def test_temperature_1_gives_every_row_once(prepared):
    features = prepared["features"]["train"]
    plan = plan_mixed(features.lengths, features.tasks, 64, 13, 0, 1.0)
    assert np.sort(np.concatenate(plan)).tolist() == list(range(len(features)))
    assert len(plan) >= len(plan_epoch(features.lengths, 64, 13, 0))


def test_taken_features_are_the_chosen_ones(prepared):
    features = prepared["features"]["train"]
    chosen = np.array([5, 0, 17])
    taken = features.take(chosen)
    for given_batch, found in zip(features.batch(chosen, 0).items(), taken.batch(np.arange(3), 0).items(), strict=True):
        assert given_batch[0] == found[0]
        np.testing.assert_array_equal(given_batch[1], found[1])


# what is said of it


def test_each_task_is_judged_on_its_own_rows_alone(prepared):
    task, model = prepared["task"], prepared["model"]
    dataset = prepared["splits"].by_name["test"]
    rows = {name: dataset.column(name) for name in columns_of(task, dataset, gold=True)}
    features = gather(encode(task, model, dataset, gold=False))
    outputs = np.random.default_rng(0).normal(size=(int(features.starts[-1]), task.num_outputs))
    predictions = task.decode(outputs, features, rows, 0)
    outcome = task.outcome(rows, predictions)
    assert len(outcome) == len(dataset)
    means, expected = [], np.full(len(dataset), np.nan)
    for part in task.parts:
        positions = np.flatnonzero(np.array(dataset.column(TASK)) == part.name)
        own = part.dataset(dataset.take(positions))
        alone_rows = {
            name: own.column(name) for name in (*part.task.fields, "__words__") if name in own.table.column_names
        }
        said = [
            replace(task.own_predictions(predictions)[part.name][p], row=i) for i, p in enumerate(positions.tolist())
        ]
        alone = part.task.outcome(alone_rows, said)
        for metric in part.task.metrics.values():
            if metric.applies(alone):
                figure = task.metrics[f"{part.name}.{metric.name}"].figure(outcome)
                assert figure == pytest.approx(metric.figure(alone), nan_ok=True), metric.name
        main = next(iter(part.task.metrics.values()))
        gains = main.row_scores(alone)
        expected[positions] = gains if main.greater_is_better else 1 + gains / part.task.deviation
        value = main.figure(alone)
        means.append(value if main.greater_is_better else 1 - value / part.task.deviation)
    assert task.metrics[MEAN].figure(outcome) == pytest.approx(np.mean(means))
    scores = task.metrics[MEAN].row_scores(outcome)
    np.testing.assert_allclose(scores, expected)  # a row is judged by its own task alone
    half = np.arange(0, len(dataset), 2)
    taken = outcome.take(half)
    np.testing.assert_allclose(task.metrics[MEAN].row_scores(taken), scores[half])


def test_a_run_learns_each_and_every_proof_holds(finished):
    report = finished.report
    assert report.main_metrics == ("opinion.accuracy", "places.f1", "stars.mae")
    after = report.table[-1]
    assert after.metrics["opinion.accuracy"].value > 0.9 and after.metrics["places.f1"].value > 0.8
    assert after.verdicts["opinion.accuracy"].test == "mcnemar"
    accuracy = after.metrics["opinion.accuracy"]
    assert accuracy.high - accuracy.low > 0.05  # of 29 rows, not of all tasks' rows
    assert not [check.message for check in report.checks if check.status == "failed"]
    named = {row.name for row in report.table}
    assert {"opinion.majority", "opinion.tfidf_linear", "places.frequent_tag", "before", "after"} <= named
    read_report(finished.folder)


def test_predictions_on_disk_have_gold_of_their_own_task_alone(finished):
    rows = pq.read_table(finished.folder / "predictions" / "test.parquet").to_pylist()
    for row in rows:
        assert (row["gold_label"] is None) + (row["gold_spans"] is None) + (row["gold_score"] is None) == 2
        assert row["predicted_label"] in ("good", "bad") and isinstance(json.loads(row["predicted_spans"]), list)


@pytest.mark.parametrize(("moment", "count"), [("step", 13), ("validated", 1)])
def test_a_run_that_was_stopped_ends_in_the_same_bits(models, tmp_path, monkeypatch, moment, count):
    def run(folder, **more):
        recipe = Recipe(
            tasks=tasks_of(scores=0),
            model=str(models["pooled"]),
            folder=folder,
            threads=1,
            train={**RATES, "epochs": 2, "early_stopping": None, "task_temperature": 3.0, "batch_tokens": 64},
        )
        return dongcha.run(recipe, until="train", **more)

    straight = run(tmp_path / "straight")["train"].model.module.state_dict()
    saves_always(monkeypatch)
    with pytest.raises(Died):
        run(tmp_path / "stopped", watch=dies(moment, count))
    moments = []
    stopped = run(tmp_path / "stopped", watch=lambda found, **facts: moments.append(found))
    assert "train_resumed" in moments
    ended = stopped["train"].model.module.state_dict()
    assert all(torch.equal(tensor, ended[name]) for name, tensor in straight.items())


# what is refused


def refused(**sections):
    with pytest.raises(RecipeError) as found:
        Recipe(model="m", **sections)
    return str(found.value)


def test_one_task_without_data_among_others_is_refused():
    tasks = [{"task": "classification", "data": {"train": "a.csv"}}, "tagging"]
    assert refused(tasks=tasks).startswith("tasks.1: task tagging has no data, and others have; ")


def test_rows_at_the_top_beside_rows_of_each_are_refused():
    tasks = [{"task": "classification", "data": {"train": "a.csv"}}, {"task": "tagging", "data": {"train": "b.jsonl"}}]
    assert refused(tasks=tasks, data={"train": "c.csv"}).startswith("data.train cannot stand where each task has data")
    assert Recipe(tasks=tasks, model="m", data={"max_tokens": 64}).data.max_tokens == 64


def test_training_rows_are_needed_in_each():
    tasks = [{"task": "classification", "data": {"train": "a.csv"}}, {"task": "tagging", "data": {"test": "b.jsonl"}}]
    assert refused(tasks=tasks).startswith("tasks.1.data.train is missing; ")


def test_a_temperature_without_tasks_to_mix_is_refused():
    assert refused(task="classification", data={"train": "a"}, train={"task_temperature": 3}).startswith(
        "train.task_temperature mixes tasks that have data of their own"
    )


def test_where_texts_lie_is_no_part_of_the_hash():
    def recipe(path, **more):
        own = {"task": "classification", "data": {"train": path, **more}}
        return Recipe(tasks=[own, {"task": "tagging", "data": {"train": path}}], model="m")

    assert recipe("a.csv").hash == recipe("b.csv").hash != recipe("a.csv", part="first_line").hash


@pytest.mark.parametrize("owner", ["opinion", "places", "stars"])
def test_a_stretch_of_one_tasks_rows_is_encoded_as_any_other(prepared, owner):
    task, model, dataset = prepared["task"], prepared["model"], prepared["splits"].by_name["train"]
    own = dataset.take(np.flatnonzero(np.array(dataset.column(TASK)) == owner))
    rows = {name: own.column(name) for name in columns_of(task, own, gold=True)}
    chunk, whole = task.encode(rows, model.tokenizer, 0), prepared["features"]["train"]
    for given_columns, found in ((whole.tokens, chunk.tokens), (whole.units, chunk.units)):
        assert {name: column.dtype for name, column in given_columns.items()} == {k: v.dtype for k, v in found.items()}
    assert [bool(chunk.units[f"{name}.own"].all()) for name in ("opinion", "places", "stars") if name == owner] == [
        True
    ]
