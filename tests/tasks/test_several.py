"""Several tasks on one backbone: each learns as it would alone, answers for itself, and the run proves all of it."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import dongcha
from dongcha.config import Recipe
from dongcha.data.features import gather
from dongcha.errors import RecipeError
from dongcha.judge.intervals import interval
from dongcha.loop.fit import mean_loss
from dongcha.metrics.several import MEAN
from dongcha.models.heads import several
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import Model, build_model
from dongcha.models.probe import fit_probe, frozen_outputs, vectors_of
from dongcha.objectives.task import TaskObjective
from dongcha.report import read_report
from dongcha.report.as_screen import screen_lines
from dongcha.tasks._predict import encode
from dongcha.tasks._several import parts_of
from dongcha.testing import tiny_rows

INTENT, SLOTS = {"task": "classification", "name": "intent", "columns": {"label": "wish"}}, {"task": "tagging"}
RATES = {"learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_tokens": 256}
TRAIN = {**RATES, "epochs": 12, "early_stopping": None}


def rows_of(count=96):
    rows = tiny_rows("tagging", count)
    return [row | {"wish": "paris" if "paris" in row["text"] else "other", "label": row["id"]} for row in rows]


@pytest.fixture(scope="module")
def joint(finish, models):
    data = {"train": rows_of(), "split": {"validation": 0.2, "test": 0.3}}
    return finish(name="joint", tasks=[INTENT, SLOTS], data=data, model=str(models["pooled"]), train=TRAIN)


@pytest.fixture(scope="module")
def prepared(models, tmp_path_factory):
    """The work of a recipe with two tasks up to its features, nothing trained."""
    folder = tmp_path_factory.mktemp("prepared")
    recipe = Recipe(
        tasks=[INTENT, {**SLOTS, "weight": 3}],
        data={"train": rows_of(40)},
        model=str(models["pooled"]),
        folder=folder,
        threads=1,
    )
    return dongcha.run(recipe, until="features")


def single(prepared, part):
    """A model of one of the tasks alone, its head with the very weights that the task has in the joint model."""
    model = prepared["model"]
    number = [own.part for own in model.spec.parts].index(part)
    spec = replace(model.spec.parts[number], part="", weight=1.0)
    alone = build_model(prepared["source"].folder, spec, max_tokens=None, seed=1, card={})
    shared, head = model.module.linears[number], getattr(alone.module, "linear", None) or alone.module.hf.classifier
    head.load_state_dict(shared.state_dict())
    return alone


def gradient(module, objective, batch):
    """Return the mean loss of a batch and the gradient of the backbone's parameters by name."""
    module.eval().zero_grad()
    tensors = {name: torch.from_numpy(np.ascontiguousarray(column)) for name, column in batch.items()}
    loss = mean_loss(objective.loss(module, tensors), objective.weight(batch))
    loss.backward()
    named = module.backbone.named_parameters()
    return loss.item(), {name: p.grad.clone() for name, p in named if p.grad is not None and "pooler" not in name}


@pytest.mark.parametrize("part", ["intent", "tagging"])
@pytest.mark.parametrize("silenced", ["by its weight", "by its targets"])
def test_a_task_beside_a_silent_one_learns_as_it_would_alone(prepared, part, silenced):
    model, features = prepared["model"], prepared["features"]["train"]
    batch = features.batch(np.arange(12), model.tokenizer.pad_id)
    spec = model.spec
    if silenced == "by its weight":
        parts = tuple(replace(own, weight=1.0 if own.part == part else 0.0) for own in spec.parts)
    else:
        parts = tuple(replace(own, weight=1.0) for own in spec.parts)
        for name in [name for name in batch if name.endswith(".target") and f"{part}." not in name]:
            batch[name] = np.full_like(batch[name], -100)
    loss, found = gradient(model.module, TaskObjective(replace(spec, parts=parts)), batch)
    alone = single(prepared, part)
    own_batch = several.features_of(features, part).batch(np.arange(12), model.tokenizer.pad_id)
    expected, wanted = gradient(alone.module, TaskObjective(alone.spec), own_batch)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert {*wanted} == {*found}
    for name, own in wanted.items():
        assert torch.allclose(found[name], own, atol=1e-6), name


def test_losses_are_means_over_their_own_targets_whatever_the_parts(prepared):
    model, features = prepared["model"], prepared["features"]["train"]
    objective, rows = TaskObjective(model.spec), np.arange(20)
    whole, _ = gradient(model.module, objective, features.batch(rows, 0))
    batches = [features.batch(part, 0) for part in np.array_split(rows, 3)]
    weight = sum(map(objective.weight, batches), start=0.0)
    assert weight.shape == (2,) and weight[0] == 20 < weight[1]
    with torch.no_grad():
        tensors = [{k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in batch.items()} for batch in batches]
        parts = sum(float(mean_loss(objective.loss(model.module, batch), weight)) for batch in tensors)
    assert parts == pytest.approx(whole, rel=1e-5)
    ones = tuple(replace(part, weight=1.0) for part in model.spec.parts)
    alike, _ = gradient(model.module, TaskObjective(replace(model.spec, parts=ones)), features.batch(rows, 0))
    slots, _ = gradient(
        model.module,
        TaskObjective(replace(model.spec, parts=(replace(ones[0], weight=0.0), ones[1]))),
        features.batch(rows, 0),
    )
    assert whole == pytest.approx(alike + 2 * slots, rel=1e-5)


def test_a_sum_over_no_targets_is_nothing():
    assert float(mean_loss(torch.tensor([4.0, 0.0]), np.array([2.0, 0.0]))) == 2.0


def test_answers_of_a_text_stand_at_its_first_token(prepared):
    model, features = prepared["model"], prepared["features"]["train"]
    _, out = next(iter(model.logits(features)))
    (intent, own), (slots, tags) = several.places(model.spec)
    assert (intent.part, slots.part) == ("intent", "tagging") and out.shape[2] == own.stop + tags.stop - tags.start
    assert not out[:, 1:, own].any() and out[:, 0, own].any()
    assert [part.part for part in HeadSpec.from_card(json.loads(json.dumps(model.spec.card()))).parts] == [
        "intent",
        "tagging",
    ]


def test_the_frozen_backbone_is_read_once_for_all_tasks(prepared, monkeypatch):
    """Each task's layer sees what it would see alone, to the bit."""
    model, features = prepared["model"], prepared["features"]["train"]
    alone = [
        vectors_of(replace(model, spec=part), several.features_of(features, part.part)) for part in model.spec.parts
    ]
    passes, hidden = [], Model.hidden
    monkeypatch.setattr(Model, "hidden", lambda *given: passes.append(1) or hidden(*given))
    together = several.vectors(model, features)
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
    frozen_outputs(model, fit_probe(model, features, seed=0), features)
    assert len(passes) == 3


def test_the_mean_of_tasks_is_what_its_name_says(prepared):
    task, model = prepared["task"], prepared["model"]
    dataset = prepared["splits"].by_name["train"]
    rows = {name: dataset.column(name) for name in task.fields}
    features = gather(encode(task, model, dataset))
    outputs = np.random.default_rng(0).normal(size=(int(features.starts[-1]), task.num_outputs))
    outcome = task.outcome(rows, task.decode(outputs, features, rows, 0))
    figures = {name: metric.figure(outcome) for name, metric in task.metrics.items() if metric.applies(outcome)}
    assert next(iter(figures)) == MEAN and task.main_metrics == ("intent.accuracy", "tagging.f1")
    assert figures[MEAN] == pytest.approx((figures["intent.accuracy"] + 3 * figures["tagging.f1"]) / 4)
    found = interval(task.metrics[MEAN], outcome, 13)
    assert found.low <= found.value <= found.high and found.value == pytest.approx(figures[MEAN])
    few = outcome.take(np.arange(5))
    assert len(few) == 5 and task.metrics[MEAN].figure(few) >= 0


def test_a_run_learns_both_and_every_proof_holds(joint):
    report = joint.report
    names = [row.name for row in report.table]
    assert names == ["intent.majority", "intent.tfidf_linear", "tagging.frequent_tag", "before", "after"]
    assert report.task == "classification + tagging" and report.main_metric == MEAN
    assert report.main_metrics == ("intent.accuracy", "tagging.f1")
    after = report.table[-1]
    assert after.metrics["intent.accuracy"].value > 0.9 and after.metrics["tagging.f1"].value > 0.9
    assert after.verdicts["intent.accuracy"].test == "mcnemar" and after.verdicts["tagging.f1"].test == "bootstrap"
    assert "tagging.f1" not in report.table[0].metrics and "intent.accuracy" in report.table[0].metrics
    assert {check.status for check in report.checks if check.name != "forecast_kept"} == {"passed"}
    assert {row["label"].partition(":")[0] for row in report.per_label} == {"intent", "tagging"}
    assert read_report(joint.folder).table[-1].verdicts == after.verdicts


def test_the_screen_has_a_block_for_each_task(joint):
    lines = screen_lines(joint.report)
    heads = [line for line in lines if "95 %" in line]
    assert len(heads) == 2 and "intent: accuracy" in heads[0] and "tagging: F1" in heads[1]
    assert sum("after (fine-tuned)" in line for line in lines) == 2
    assert sum("majority" in line for line in lines) == 1


def test_a_prediction_has_each_tasks_own_target_fields(joint):
    model = dongcha.load(joint.folder)
    [answer] = model.predict(["the service in paris was good"])
    assert list(answer) == ["label", "spans", "confidence"]
    assert answer["label"] == "paris" and answer["spans"][0]["label"] == "LOC"
    table = pq.read_table(joint.folder / "predictions" / "test.parquet").to_pydict()
    assert list(table)[:5] == ["row", "gold_label", "predicted_label", "gold_spans", "predicted_spans"]


def test_the_snippet_answers_as_the_model_does(joint, monkeypatch):
    code = joint.report.environment["snippet"]
    text = "the service in london was good"
    scope = {}
    monkeypatch.chdir(joint.folder)
    exec(code.replace('"..."', json.dumps(text)), scope)
    [answer] = dongcha.load(joint.folder).predict([text])
    assert scope["label"] == answer["label"] == "other"
    assert "B-LOC" in scope["tags"] and len(answer["spans"]) == 1
    assert len(code[code.index("tokenizer, model") :].splitlines()) <= 14


def test_two_tasks_with_one_field_are_told_apart_by_their_names(finish, models):
    rows = [row | {"even": "yes" if int(row["id"][1:]) % 2 else "no"} for row in rows_of(60)]
    tasks = [INTENT, {"task": "classification", "name": "parity", "columns": {"label": "even"}}]
    run = finish(
        name="two", tasks=tasks, data={"train": rows}, model=str(models["pooled"]), train={**TRAIN, "epochs": 2}
    )
    [answer] = dongcha.load(run.folder).predict([{"text": "the room in paris was good", "label": "x"}])
    assert list(answer) == ["intent.label", "parity.label", "confidence"]
    assert {answer["intent.label"], answer["parity.label"]} <= {"paris", "other", "yes", "no"}


def test_a_single_task_is_its_own_part(prepared):
    assert [part.name for part in parts_of(prepared["task"])] == ["intent", "tagging"]
    assert [part.name for part in parts_of(parts_of(prepared["task"])[0].task)] == [""]


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (["classification", "pairs"], "classification reads text, pairs text_a, text_b"),
        (["classification", "choice"], "choice cannot be one of several"),
        ([{"task": "classification", "columns": {"spans": "x"}}, "tagging"], "names spans, which is no target of it"),
        ([{"task": "classification", "columns": {"text": "x"}}, "tagging"], "names text, which is no target of it"),
        (
            [{"task": "tagging", "name": name, "columns": {"tags": name}} for name in ("ner", "pos")],
            "columns of task ner names tags, .* give each tagging a data of its own",
        ),
    ],
)
def test_tasks_that_cannot_stand_side_by_side_are_refused(models, tmp_path, tasks, said):
    recipe = Recipe(tasks=tasks, data={"train": rows_of(24)}, model=str(models["pooled"]), folder=tmp_path)
    with pytest.raises(RecipeError, match=said):
        dongcha.run(recipe, until="task")
