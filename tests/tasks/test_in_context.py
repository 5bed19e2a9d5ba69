"""Answers weighed by a language model: plain log-probabilities, after the nearest examples, never the row itself."""

import numpy as np
import pytest
import torch

import dongcha
from dongcha.adapt.in_context import Options
from dongcha.config import Recipe
from dongcha.data.features import gather
from dongcha.data.load import ReadOptions, load
from dongcha.errors import ModelError, RecipeError
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.tasks import choice, classification
from dongcha.tasks._base import Lengths
from dongcha.tasks._in_context import SURE, InContext
from dongcha.tasks._predict import lay_flat
from dongcha.testing import tiny_encoder, tiny_rows, tiny_writer
from dongcha.testing.conformance import conform

TASKS = {"classification": classification.Task, "choice": choice.Task}
SPEC = HeadSpec(name="writer", num_outputs=1, loss="next_token")


@pytest.fixture(scope="module", params=["llama", "gemma3_text"])
def model(request, tmp_path_factory):
    folder = tiny_writer(tmp_path_factory.mktemp("writer"), kind=request.param, max_tokens=400)
    return build_model(folder, SPEC, max_tokens=None, seed=0, card={})


def taught(name, folder, **options):
    dataset = load(tiny_rows(name, 24), TASKS[name].fields, base=folder, options=ReadOptions(), cache=None)
    task = InContext.taught(TASKS[name].learn(dataset, Lengths()), dataset, Options(**options))
    return task, {column: dataset.column(column) for column in task.fields}


def plain_score(model, prompt, answer):
    """Return the log-probability of an answer behind a prompt, by all logits of the model as it is."""
    read, said = (model.tokenizer.encode([text]).ids.tolist() for text in (prompt, answer))
    ids = [*model.tokenizer.prefix.tolist(), *read, *said]
    with torch.inference_mode():
        logits = model.module.hf(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    first = len(ids) - len(said) - 1
    return float(sum(logits[first + i, token] for i, token in enumerate(said)))


@pytest.mark.parametrize("name", list(TASKS))
@pytest.mark.parametrize("examples", [0, 2])
def test_scores_are_log_probabilities_less_those_after_an_empty_row(model, name, examples, tmp_path):
    task, rows = taught(name, tmp_path, examples=examples)
    rows = {column: values[:3] for column, values in rows.items()}
    features = gather([task.encode(rows, model.tokenizer, 0)])
    scores = task._scores(lay_flat(features, model.logits(features)), features, 3, 0)
    shown = task._examples(task.texts(rows)[0])
    for row, prompt in enumerate(task.texts(rows)[0]):
        before = "".join(f"{example}\n\n" for example in shown[row])
        for place, answer in enumerate(task.offered(rows)[row]):
            found = plain_score(model, before + prompt, f" {answer}") - plain_score(
                model, before + task.blank, f" {answer}"
            )
            assert scores[row, place] == pytest.approx(found, abs=2e-4)


def test_a_row_alone_is_weighed_as_among_others(model, tmp_path):
    task, rows = taught("choice", tmp_path, examples=1)
    whole = gather([task.encode(rows, model.tokenizer, 0)])
    among = task.decode(lay_flat(whole, model.logits(whole)), whole, rows, 0)
    for row in (0, 7):
        one = {column: values[row : row + 1] for column, values in rows.items()}
        features = gather([task.encode(one, model.tokenizer, row)])
        alone = task.decode(lay_flat(features, model.logits(features)), features, one, row)
        assert alone[0].target == among[row].target
        assert alone[0].confidence == pytest.approx(among[row].confidence, abs=1e-4)


def test_examples_are_the_nearest_rows_and_never_the_row_itself(tmp_path):
    task, rows = taught("classification", tmp_path, examples=3)
    prompts = task.texts(rows)[0]
    for prompt, examples in zip(prompts, task._examples(prompts), strict=True):
        assert len(examples) == 3 and not any(example.startswith(prompt) for example in examples)
        words = set(prompt.split())
        overlaps = [len(words & set(example.split())) for example in examples]
        assert overlaps[-1] == max(overlaps)  # the nearest stands last


def test_where_there_is_no_room_the_farthest_examples_go_first(tmp_path):
    folder = tiny_writer(tmp_path / "short", max_tokens=160)
    short = build_model(folder, SPEC, max_tokens=None, seed=0, card={})
    task, rows = taught("classification", tmp_path, examples=8)
    features = gather([task.encode(rows, short.tokenizer, 0)])
    assert int(features.lengths.max()) <= 160 + len(task.said) and features.facts["cut_rows"] == 24
    nearest = task._examples(task.texts(rows)[0])[0][-1]
    ids = features.tokens["input_ids"][: int(features.starts[1])].tolist()
    assert nearest in short.tokenizer.text_of(ids)


def test_words_stand_for_labels(model, tmp_path):
    task, rows = taught("classification", tmp_path, words={"good": "wonderful"})
    assert task.said == ("bad", "wonderful") and task.labels == ("bad", "good")
    features = gather([task.encode(rows, model.tokenizer, 0)])
    surprise = np.where(features.tokens["branch"] == 1, SURE, 0.0) * ~np.repeat(
        features.units["blank"], features.lengths
    )
    assert {p.target["label"] for p in task.decode(surprise[:, None], features, rows, 0)} == {"good"}


@pytest.mark.parametrize("name", list(TASKS))
def test_it_keeps_every_promise(name, tmp_path):
    report = conform(name, tiny_rows(name, 24), tmp_path, adapt={"method": "in_context", "examples": 2})
    assert report.table[-1].name == "in_context"


def refused(folder, task, model, rows=None, **adapt):
    rows = rows or tiny_rows(task, 24)
    adapt = {"method": "in_context", **adapt}
    recipe = Recipe(task=task, data={"train": rows}, model=str(model), adapt=adapt, folder=folder, threads=1)
    return pytest.raises((RecipeError, ModelError)), recipe


def test_other_tasks_several_labels_and_encoders_are_refused(tmp_path):
    writer, encoder = tiny_writer(tmp_path / "writer"), tiny_encoder(tmp_path / "encoder")
    many = [row | {"label": [row["label"]]} for row in tiny_rows("classification", 24)]
    for task, folder, rows, said in (
        ("tagging", writer, None, "classification, choice"),
        ("classification", writer, many, "one label a row"),
        ("classification", encoder, None, "does not write"),
    ):
        expected, recipe = refused(tmp_path, task, folder, rows)
        with expected as caught:
            dongcha.run(recipe)
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("classification", {"template": "Review: {txt}\nLabel:"}, r"^adapt\.template: \{txt\} is no text .* \{text\}"),
        ("classification", {"template": "Is it good?"}, r"^adapt\.template: no field of a row"),
        ("choice", {"template": "{question} {choices}"}, r"^adapt\.template: \{choices\} is no text .* \{question\}"),
        ("classification", {"words": {"god": "fine"}}, r"^adapt\.words: there is no label 'god'; did you mean 'good'"),
        ("classification", {"words": {"good": "Bad"}}, r"^adapt\.words: .* same words: bad, good; give each"),
        ("choice", {"words": {"good": "fine"}}, r"^adapt\.words: a row of choice brings its own answers"),
    ],
)
def test_a_template_and_words_that_do_not_fit_are_refused(tmp_path, task, options, said):
    adapt = {"method": "in_context", **options}
    known = {"model": str(tiny_writer(tmp_path / "writer")), "data": {"train": tiny_rows(task, 24)}}
    with pytest.raises(RecipeError, match=said):
        dongcha.run(Recipe(task=task, adapt=adapt, folder=tmp_path, **known), until="task")
