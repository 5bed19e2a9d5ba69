"""`extends` and `--set` lay one recipe over another, and places tell which one spoke."""

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from dongcha.config import load_recipe
from dongcha.config.places import Document, overlay
from dongcha.errors import RecipeError

BASE = """task: classification
model: m
data:
  train: reviews.csv
  tests: {far: far.csv}
train:
  epochs: 3
  optimizer: {method: sgd, momentum: 0.9}
"""


@pytest.fixture
def recipes(tmp_path):
    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_recipe_wins_over_its_base_and_mappings_are_merged(recipes):
    folder = recipes(
        base=BASE, middle="extends: base.yaml\nseed: 1\ntrain: {epochs: 4}\n", top="extends: middle.yaml\nseed: 2\n"
    )
    recipe = load_recipe(folder / "top.yaml")
    assert (recipe.name, recipe.seed, recipe.train.epochs) == ("top", 2, 4)
    assert recipe.train.optimizer.options == {"momentum": 0.9}
    assert recipe.place("seed").endswith("top.yaml:2:1")
    assert recipe.place("train.epochs").endswith("middle.yaml:3:9")
    assert recipe.place("train.optimizer.momentum").endswith("base.yaml:8:28")


@pytest.mark.parametrize(
    ("optimizer", "method", "options"),
    [
        ("adamw", "adamw", {}),
        ("{method: adamw, fused: true}", "adamw", {"fused": True}),
        ("{nesterov: true}", "sgd", {"momentum": 0.9, "nesterov": True}),
        ("sgd", "sgd", {"momentum": 0.9}),
        ("null", "adamw", {}),
    ],
)
def test_another_method_drops_the_options_of_the_first(recipes, optimizer, method, options):
    folder = recipes(base=BASE, top=f"extends: base.yaml\ntrain: {{optimizer: {optimizer}}}\n")
    chosen = load_recipe(folder / "top.yaml").train.optimizer
    assert (chosen.method, chosen.options) == (method, options)


def test_errors_of_a_base_name_the_base(recipes):
    folder = recipes(base=BASE.replace("epochs: 3", "epochs: 0"), top="extends: base.yaml\nseed: -1\n")
    with pytest.raises(RecipeError) as refusal:
        load_recipe(folder / "top.yaml")
    assert "base.yaml:7:3: train.epochs" in str(refusal.value)
    assert "top.yaml:2:1: seed" in str(refusal.value)


def test_paths_start_at_the_file_that_states_them(recipes):
    folder = recipes(base=BASE)
    (folder / "m").mkdir()
    inner = folder / "inner"
    inner.mkdir()
    (inner / "top.yaml").write_text("extends: ../base.yaml\ndata: {test: own.csv, validation: 'hf:x'}\n")
    recipe = load_recipe(inner / "top.yaml")
    assert (recipe.data.train, recipe.data.test, recipe.data.validation) == ("../reviews.csv", "own.csv", "hf:x")
    assert (recipe.data.tests, recipe.model, recipe.folder) == ({"far": "../far.csv"}, "../m", inner)


def test_paths_of_one_task_start_at_the_file_that_states_them_too(recipes):
    sets = ("{train: a.jsonl, test: 'package:x'}", "{train: /b.jsonl, validation: v.csv, test: ../t.csv}")
    tasks = "".join(f"  - {{task: classification, name: n{i}, data: {own}}}\n" for i, own in enumerate(sets))
    folder = recipes(base=f"tasks:\n{tasks}model: m\n")
    inner = folder / "inner"
    inner.mkdir()
    (inner / "top.yaml").write_text("extends: ../base.yaml\n")
    one, two = (task.data for task in load_recipe(inner / "top.yaml").tasks)
    assert (one.train, one.validation, one.test) == ("../a.jsonl", None, "package:x")
    assert (two.train, two.validation, two.test) == ("/b.jsonl", "../v.csv", "../../t.csv")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"top": "extends: base.yml\n", "base": BASE},
            r"top\.yaml:1:1: There is no file .*base\.yml; did you mean base\.yaml",
        ),
        (
            {"top": "extends: base.yaml\n", "base": "\nextends: top.yaml\n"},
            r"base\.yaml:2:1: extends top\.yaml comes back",
        ),
        ({"top": "extends: top.yaml\n"}, r"top\.yaml:1:1: extends top\.yaml comes back"),
        ({"top": "extends: [a]\n"}, r"top\.yaml:1:1: extends takes the name"),
        ({"top": BASE + "extend: base.yaml\n"}, r"top\.yaml:9:1: there is no key extend; did you mean extends"),
    ],
)
def test_a_base_that_cannot_be_is_refused_where_it_is_named(recipes, texts, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipes(**texts) / "top.yaml")


def test_settings_win_and_are_read_as_yaml(recipes):
    folder = recipes(base=BASE)
    given_settings = [
        "train.epochs=1", "data.split={validation: {per_label: 3}}", "train.early_stopping=", "name=no",
        "adapt=last_layers", "adapt.layers=2", "train.optimizer.momentum=0.5", "train.epochs=2", "model=package:x/y",
    ]  # fmt: skip
    recipe = load_recipe(folder / "base.yaml", given_settings)
    assert (recipe.train.epochs, recipe.train.early_stopping, recipe.name) == (2, None, "no")
    assert recipe.data.split.validation.per_label == 3
    assert (recipe.adapt.method, recipe.adapt.options) == ("last_layers", {"layers": 2})
    assert (recipe.train.optimizer.options, recipe.model) == ({"momentum": 0.5}, "package:x/y")
    assert recipe.place("train.epochs") == "--set train.epochs=2"
    assert recipe.place("train").endswith("base.yaml:6:1")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("train.epochs", r"^--set train\.epochs: a setting is a key and a value"),
        ("=3", r"^--set =3: a setting is a key and a value"),
        ("train..epochs=3", "a setting is a key and a value"),
        ("train.epochs=0", r"^--set train\.epochs=0: train\.epochs is 0"),
        ("trian.epochs=1", r"^--set trian\.epochs=1: there is no key trian; did you mean train\?"),
        ("train.epochs.more=1", r"^--set train\.epochs\.more=1: .*train\.epochs is a mapping"),
        ("train.epochs=[", r"^--set train\.epochs=\[: a bracket"),
        ("train.epochs=*x", r"^--set train\.epochs=\*x: anchors"),
        ("extends=other.yaml", "extends belongs in the recipe file"),
        ("name=a\0b", r"^--set "),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_own_words(recipes, setting, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipes(base=BASE) / "base.yaml", [setting])


TREES = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers(0, 3), max_size=3),
    max_leaves=6,
)


@budget(max_examples=50, deadline=None)
@given(TREES, TREES, TREES)
def test_laying_over_is_associative_and_idempotent(one, two, three):
    a, b, c = Document(one), Document(two), Document(three)
    assert overlay(a, a).value == one
    assert overlay(Document({}), a).value == overlay(a, Document({})).value == one
    assert overlay(overlay(a, b), b).value == overlay(a, b).value
    if not _clash(one, two) and not _clash(two, three) and not _clash(one, three):
        assert overlay(overlay(a, b), c).value == overlay(a, overlay(b, c)).value


def _clash(one, two):
    """Whether a mapping meets a value somewhere, where order of merging matters."""
    return any(
        isinstance(one[key], dict) != isinstance(two[key], dict)
        or (isinstance(one[key], dict) and _clash(one[key], two[key]))
        for key in one.keys() & two.keys()
    )
