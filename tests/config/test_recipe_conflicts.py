"""Keys that are fine by themselves and do not go together are refused; what goes together passes."""

import pytest

from dongcha.config import Recipe
from dongcha.errors import RecipeError


def made(task="classification", train=None, **data) -> Recipe:
    return Recipe(task=task, model="m", data={"train": "a.csv", **data}, train=train)


REFUSED = [
    ({"test": "t.csv", "split": {"test": 0.2}}, "data.split.test and data.test are both set"),
    ({"validation": "v.csv", "split": {"validation": {"per_label": 3}}}, "data.split.validation and data.validation"),
    ({"split": {"validation": 0.5, "test": 0.5}}, "the shares in data.split add up to 1 "),
    ({"split": {"train": 0.9}}, "the shares in data.split add up to 1 "),
    ({"test": "t.csv", "split": {"train": 0.95}}, "the shares in data.split add up to 1.05"),
    ({"split": {"train": {"per_label": 20}, "test": 0.2}}, "data.split.test cannot be set beside data.split.train"),
    ({"split": {"group": "user", "by_time": "day"}}, "data.split.by_time and data.split.group"),
    ({"split": {"group": "user", "train": {"per_label": 2}}}, "data.split.train counts rows per label"),
    ({"split": {"by_time": "day", "test": {"per_label": 2}}}, "data.split.test counts rows per label"),
    ({"test": "t", "validation": "v", "split": {"group": "user"}}, "data.split.group has nothing to split"),
    ({"corpus": "docs.jsonl"}, "data.corpus holds documents for task retrieval"),
    ({"pairs": "apart"}, "data.pairs is for tasks pairs and choice"),
    ({"train": {"hard_negatives": 4}}, "train.hard_negatives is for task retrieval"),
    ({"split": {"validation": 0}, "train": {"early_stopping": {"patience": 3}}}, "train.early_stopping watches"),
]

PASSES = [
    {"test": "t.csv", "split": {"validation": 0.2}},
    {"test": "t.csv", "validation": "v.csv"},
    {"test": "t.csv", "validation": "v.csv", "split": {"train": {"per_label": 20}}},
    {"test": "t.csv", "split": {"train": 0.9}},
    {"test": "t.csv", "validation": "v.csv", "split": {"train": 1.0}},
    {"split": {"train": {"per_label": 20}, "validation": {"per_label": 20}}},
    {"split": {"validation": None, "test": None}},
    {"split": {"group": "user"}},
    {"split": {"by_time": "day", "test": 0.3}},
    {"split": {"validation": 0}},
    {"task": "regression", "split": {"train": 0.5}},
    {"test": "t.csv", "split": {"test": 0.1, "stratify": True}},
]


@pytest.mark.parametrize(
    ("pretrain", "message"),
    [
        (None, "model: a model from scratch knows nothing until it has read texts"),
        ("mlm", "pretrain: a model from scratch needs a corpus"),
        ({"method": "simcse", "corpus": "c.txt"}, "pretrain.method: a model from scratch reads by mlm"),
    ],
)
def test_a_model_from_scratch_has_something_to_read(pretrain, message):
    sections = {"task": "classification", "data": {"train": "a.csv"}, "pretrain": pretrain}
    for model in ("scratch", {"scratch": {"layers": 2}}):
        with pytest.raises(RecipeError) as refusal:
            Recipe(**sections, model=model)
        assert str(refusal.value).startswith(message)
    assert Recipe(**sections, model="./scratch").model == "./scratch", "a folder of that name"


@pytest.mark.parametrize(("case", "message"), REFUSED)
def test_what_does_not_go_together_is_refused_in_one_sentence(case, message):
    with pytest.raises(RecipeError) as refusal:
        made(**case)
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("case", PASSES)
def test_what_goes_together_passes_and_so_does_its_resolved_form(case):
    recipe = made(**case)
    assert Recipe(**recipe.resolved()).hash == recipe.hash
