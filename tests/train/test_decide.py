"""What `auto` becomes, and that what a user wrote stays."""

import itertools
from dataclasses import replace

import pytest

from dongcha.config import Recipe
from dongcha.errors import RecipeError
from dongcha.train import auto
from dongcha.train.auto import Measures
from dongcha.train.decide import (
    RULES,
    decide,
    loop_settings,
    method_options,
    refuse_unknown_methods,
    unusual_rate,
)


def measures(rows=500, tokens=20.0, width=384, trains_backbone=True, by_token=False, in_all=0):
    shape = {"mean_tokens": tokens, "hidden_width": width, "tokens": in_all}
    return Measures(num_rows=rows, trains_backbone=trains_backbone, by_token=by_token, **shape)


def recipe(**sections):
    plain = {"task": "classification", "data": {"train": "r.csv"}, "model": "m"}
    return Recipe(**(plain | sections))


@pytest.mark.parametrize(
    ("rule", "changed", "expected"),
    [
        ("epochs", {"rows": 1}, 10),
        ("epochs", {"rows": 1200}, 10),
        ("epochs", {"rows": 2000}, 6),
        ("epochs", {"rows": 4000}, 3),
        ("epochs", {"rows": 10**6}, 3),
        ("epochs", {"rows": 1000, "in_all": 100_000}, 10),  # short rows are counted
        ("epochs", {"rows": 1000, "in_all": 300_000}, 5),  # of long ones their tokens
        ("epochs", {"rows": 1000, "in_all": 10**7}, 3),
        ("epochs", {"rows": 2000, "in_all": 20_000, "by_token": True}, 12),  # short rows of many words' answers
        ("epochs", {"rows": 2000, "in_all": 1_000, "by_token": True}, 15),
        ("epochs", {"rows": 2000, "in_all": 100_000, "by_token": True}, 6),
        ("learning_rate", {"rows": 999}, 5e-5),
        ("learning_rate", {"rows": 1000}, 1e-4),
        ("learning_rate", {"rows": 1000, "width": 512}, 1e-4),
        ("learning_rate", {"rows": 1000, "width": 513}, 3e-5),
        ("learning_rate", {"rows": 10, "width": 768}, 3e-5),
        ("learning_rate", {"rows": 10, "width": 768, "trains_backbone": False}, 1e-3),
        ("head_learning_rate", {"rows": 999}, 1e-2),
        ("head_learning_rate", {"rows": 1000}, 1e-3),
        ("head_learning_rate", {"rows": 10, "by_token": True}, 1e-3),
        ("batch_tokens", {"rows": 999, "tokens": 20.0}, 200),
        ("batch_tokens", {"rows": 1000, "tokens": 20.04}, 321),
        ("batch_tokens", {"rows": 10, "tokens": 1.0}, 16),
        ("head_start", {}, "random"),
    ],
)
def test_the_rules(rule, changed, expected):
    assert RULES[rule](measures(**changed)) == expected
    decided = decide(recipe(), measures(**changed))
    assert getattr(decided.train, rule) == expected


@pytest.mark.parametrize(
    ("gain", "trains", "expected"),
    [(0.0, True, "fp32"), (1.24, True, "fp32"), (1.25, True, "bf16"), (9, False, "fp32")],
)
def test_the_precision_is_what_this_machine_gains_by(gain, trains, expected):
    found = replace(measures(trains_backbone=trains), bf16_gain=gain)
    assert decide(recipe(), found).train.precision == expected
    assert loop_settings(decide(recipe(), found)).precision == expected
    assert decide(recipe(train={"precision": "fp32"}), found).train.precision == "fp32"


def test_no_auto_is_left_that_training_reads():
    decided = decide(recipe(), measures())
    assert all(getattr(decided.train, key) != "auto" for key in RULES)
    loop_settings(decided)


EXPLICIT = {
    "epochs": 7,
    "learning_rate": 2e-5,
    "head_learning_rate": 3e-4,
    "batch_tokens": 777,
    "head_start": "probe",
    "dropout": 0.3,
    "precision": "bf16",
}


@pytest.mark.parametrize("keys", [c for n in (1, 2, 5) for c in itertools.combinations(EXPLICIT, n)])
def test_what_was_written_stays_and_the_rest_is_decided(keys):
    given = {key: EXPLICIT[key] for key in keys}
    decided = decide(recipe(train=given), measures())
    for key, rule in RULES.items():
        assert getattr(decided.train, key) == (given[key] if key in given else rule(measures()))


def test_a_recipe_without_auto_is_returned_as_it_is():
    whole = recipe(train=EXPLICIT)
    assert decide(whole, measures()) is whole
    again = decide(recipe(), measures())
    assert decide(again, measures(rows=10**6)) is again


def test_the_loop_gets_what_the_recipe_says():
    train = {
        **EXPLICIT,
        "accumulation": 3,
        "optimizer": {"method": "sgd", "nesterov": True},
        "schedule": "cosine",
        "warmup": 0.2,
        "weight_decay": 0.3,
        "clip_norm": None,
        "validate": 25,
        "early_stopping": {"patience": 4},
    }
    found = loop_settings(recipe(train=train, seed=99))
    assert (found.seed, found.epochs, found.batch_tokens) == (99, 7, 777)
    assert (found.learning_rate, found.head_learning_rate) == (2e-5, 3e-4)
    assert (found.accumulation, found.warmup, found.weight_decay, found.clip_norm) == (3, 0.2, 0.3, None)
    assert (found.optimizer, found.optimizer_options) == ("sgd", {"momentum": 0.9, "nesterov": True})
    assert (found.schedule, found.schedule_options) == ("cosine", {})
    assert (found.validate_steps, found.patience) == (25, 4)
    plain = loop_settings(decide(recipe(train={"early_stopping": None}), measures()))
    assert (plain.validate_steps, plain.patience, plain.optimizer, plain.clip_norm) == (None, None, "adamw", 1.0)


def test_an_option_that_the_method_has_not_is_refused_with_its_place():
    with pytest.raises(RecipeError, match="momentum"):
        loop_settings(decide(recipe(train={"optimizer": {"method": "sgd", "momentun": 0.5}}), measures()))
    with pytest.raises(RecipeError, match="layers"):
        method_options(recipe(adapt={"method": "last_layers", "layers": 0}), "adapt", "adapt")
    with pytest.raises(RecipeError, match="last_layers"):
        method_options(recipe(adapt={"method": "last_layer"}), "adapt", "adapt")


@pytest.mark.parametrize(
    "sections",
    [
        {"adapt": "ful"},
        {"adapt": {"method": "full", "layers": 2}},
        {"train": {"optimizer": "adam"}},
        {"train": {"schedule": {"method": "linear", "power": 2}}},
    ],
)
def test_unknown_methods_and_options_are_refused_before_any_work(sections):
    refuse_unknown_methods(recipe())
    with pytest.raises(RecipeError):
        refuse_unknown_methods(recipe(**sections))


@pytest.mark.parametrize(
    ("rate", "method", "expected"),
    [
        (5e-5, "full", False),
        (1e-5, "full", False),
        (1e-4, "full", False),
        (9e-6, "full", True),
        (2e-4, "full", True),
        (1.0, "last_layers", True),
        (1, "full", True),
        (1.0, "head", False),
        ("auto", "full", False),
    ],
)
def test_an_unusual_rate_is_remarked_on(rate, method, expected):
    assert unusual_rate(recipe(train={"learning_rate": rate}, adapt=method)) == expected


def test_the_rates_that_auto_gives_are_not_unusual():
    for rows, width in itertools.product((10, 2000), (384, 768)):
        low, high = auto.USUAL_RATES
        assert low <= auto.learning_rate(measures(rows=rows, width=width)) <= high
