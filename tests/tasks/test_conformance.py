"""Every task of ours keeps every promise; a task that breaks one is found out."""

from dataclasses import replace

import numpy as np
import pytest

import dongcha
from dongcha.config import Recipe
from dongcha.errors import RecipeError
from dongcha.registry import names
from dongcha.tasks import choice, classification
from dongcha.testing import tiny_encoder, tiny_rows
from dongcha.testing.conformance import conform

pytestmark = pytest.mark.usefixtures("no_charts")

NUMBERS = [row | {"score": 1.0 if row["label"] == "good" else -1.0} for row in tiny_rows("pairs", 48)]
SETS = {name: tiny_rows(name, 48) for name in names("tasks")} | {
    "pairs, numbers": [{k: v for k, v in row.items() if k != "label"} for row in NUMBERS]
}
SETS |= {f"{name}, apart": SETS[name] for name in ("pairs", "pairs, numbers", "choice")}


PROOFS = {*names("checks")} - {"loads_as_pretrained"}  # which is of runs that only read


def proofs_of(report):
    return {check.name for check in report.checks}


@pytest.mark.parametrize("name", list(SETS))
def test_every_task_keeps_every_promise(name, tmp_path, request):
    if name == "code":
        request.getfixturevalue("runs_programs")
    sections = {"data": {"pairs": "apart"}} if name.endswith("apart") else {}
    report = conform(name.partition(",")[0], SETS[name], tmp_path, **sections)
    assert (report.task, proofs_of(report)) == (name.partition(",")[0], PROOFS)


SEVERAL = {
    "label and spans": ["classification", "tagging"],
    "two labels, spans": [
        {"task": "classification", "name": "place"},
        {"task": "classification", "name": "half", "columns": {"label": "half"}},
        {"task": "tagging", "weight": 2},
    ],
    "spans and a number": ["tagging", {"task": "regression", "weight": 0.5}],
}
RICH = [
    row | {"label": "paris" if "paris" in row["text"] else "other", "half": f"h{i % 2}", "score": len(row["text"])}
    for i, row in enumerate(SETS["tagging"])
]


@pytest.mark.parametrize("tasks", list(SEVERAL))
def test_several_tasks_keep_every_promise_together(tasks, tmp_path):
    report = conform(SEVERAL[tasks], RICH, tmp_path)
    assert (len(report.main_metrics), proofs_of(report)) == (len(SEVERAL[tasks]), PROOFS)


def test_several_tasks_with_rows_of_their_own_keep_every_promise(tmp_path):
    kinds = [row | {"label": ["paris"] * ("paris" in row["text"]) + ["seen"] * (i % 2)} for i, row in enumerate(RICH)]
    tasks = [
        {"task": "classification", "name": "kinds", "data": {"train": kinds}},
        {"task": "classification", "name": "half", "data": {"train": RICH[:30], "columns": {"label": "half"}}},
        {"task": "tagging", "data": {"train": SETS["tagging"]}, "weight": 2},
        {"task": "regression", "data": {"train": SETS["regression"]}},
    ]
    report = conform(tasks, SETS["tagging"], tmp_path)
    assert (len(report.main_metrics), proofs_of(report)) == (4, PROOFS)


def peeks(self, outputs, features, rows, first_row):
    found = decode(self, outputs, features, rows, first_row)
    return [replace(p, target={"label": rows["label"][p.row]}) if "label" in rows else p for p in found]


def forgets(self, outputs, features, rows, first_row):
    return [replace(p, row=0) for p in decode(self, outputs, features, rows, first_row)]


def turns(self, outputs, features, rows, first_row):
    return decode(self, -outputs, features, rows, first_row)


def mixes(self, rows, tokenizer, first_row):
    chunk = encode(self, rows, tokenizer, first_row)
    return replace(chunk, units=chunk.units | {"row": chunk.units["row"] * 0})


def learns_the_answer(self, rows):
    return ([f"{text} {label}" for text, label in zip(rows["text"], rows.get("label", rows["text"]), strict=True)],)


def praises(self, rows, predictions):
    found = outcome(self, rows, predictions)
    return replace(found, predicted=found.gold)


decode, encode, card = classification.Task.decode, classification.Task.encode, classification.Task.card
outcome = classification.Task.outcome
BROKEN = {
    "encode reads the targets": ("texts", learns_the_answer),
    "another row's answer counts as right": ("outcome", praises),
    "decode reads the targets": ("decode", peeks),
    "one a row, in order": ("decode", forgets),
    "some row has no feature": ("encode", mixes),
    "has other labels": ("card", lambda self: card(self) | {"labels": ["good"]}),
    "a wrong answer": ("decode", turns),
    "says nothing": ("shown", lambda self, target, text: ""),
}


@pytest.mark.parametrize("said", list(BROKEN))
def test_a_broken_promise_is_found(said, monkeypatch, tmp_path):
    name, broken = BROKEN[said]
    monkeypatch.setattr(classification.Task, name, broken)
    with pytest.raises(AssertionError, match=said):
        conform("classification", SETS["classification"], tmp_path)


def test_choices_of_any_number_are_told_apart(tmp_path):
    rows = {"question": ["q", "q"], "choices": [["a", "b", "c"], ["d", "e"]]}
    found = choice.Task().decode(np.array([[0.0], [2.0], [1.0], [3.0], [-1.0]]), None, rows, 0)
    assert [p.target["answer"] for p in found] == ["b", "d"]
    assert found[0].confidence == pytest.approx(np.exp(2) / (1 + np.exp(2) + np.exp(1)))


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("regression", {"train": {"class_weights": "balanced"}}),
        ("regression", {"train": {"label_smoothing": 0.1}}),
        ("regression", {"evaluate": {"unsure_below": 0.5}}),
        ("tagging", {"train": {"class_weights": "balanced"}}),
        ("choice", {"train": {"class_weights": "balanced"}}),
        ("retrieval", {"train": {"label_smoothing": 0.1}}),
        ("qa", {"train": {"class_weights": "balanced"}}),
        ("pairs, numbers", {"train": {"class_weights": "balanced"}}),
        ("pairs, numbers", {"train": {"label_smoothing": 0.1}}),
        ("pairs, numbers", {"evaluate": {"unsure_below": 0.5}}),
    ],
)
def test_what_a_task_cannot_heed_is_refused(name, sections, tmp_path):
    [(section, keys)] = sections.items()
    [key] = keys
    recipe = Recipe(
        task=name.partition(",")[0],
        data={"train": SETS[name]},
        model=str(tiny_encoder(tmp_path / "m")),
        folder=tmp_path,
        **sections,
    )
    with pytest.raises(RecipeError, match=rf"^{section}\.{key} needs one label a row"):
        dongcha.run(recipe, until="task")


def test_batches_that_are_told_apart_are_not_computed_in_parts(tmp_path):
    model = str(tiny_encoder(tmp_path / "m"))
    data = {"train": SETS["retrieval"]}
    recipe = Recipe(task="retrieval", data=data, model=model, folder=tmp_path, train={"accumulation": 2})
    with pytest.raises(RecipeError, match=r"^train\.accumulation: .*cannot be computed in parts"):
        dongcha.run(recipe, until="task")


@pytest.mark.parametrize("path", ["data.prompt", "evaluate.decoding"])
def test_what_only_a_task_that_writes_heeds_is_refused(path, tmp_path):
    prompt = {"prompt": "{text}"} if path == "data.prompt" else {}
    decoding = {} if prompt else {"evaluate": {"decoding": {"beams": 2}}}
    given = {"data": {"train": SETS["regression"]} | prompt, "model": str(tiny_encoder(tmp_path / "m"))}
    recipe = Recipe(task="regression", folder=tmp_path, **given, **decoding)
    with pytest.raises(RecipeError, match=rf"^{path} is for tasks whose answers a model writes"):
        dongcha.run(recipe, until="task")


@pytest.mark.parametrize("name", ["tagging", "regression", "choice", "qa", "pairs, numbers"])
@pytest.mark.parametrize("part", ["train", "test"])
def test_rows_per_label_are_refused_where_rows_have_none(name, part, tmp_path):
    data = {"train": SETS[name], "split": {part: {"per_label": 2}}}
    task = name.partition(",")[0]
    recipe = Recipe(task=task, data=data, model=str(tiny_encoder(tmp_path / "m")), folder=tmp_path)
    with pytest.raises(RecipeError, match=rf"^data\.split\.{part} needs one label a row"):
        dongcha.run(recipe, until="task")
