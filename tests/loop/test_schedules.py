"""The learning rate's factor, step by step."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.errors import RecipeError
from dongcha.loop.schedules import rate_factor


def factors(name, total, warmup):
    return [rate_factor(name, {}, step, total, warmup) for step in range(total)]


def test_linear_rises_then_falls_to_almost_zero():
    found = factors("linear", 10, 0.2)
    assert found == pytest.approx([1 / 2, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


def test_cosine_is_half_a_wave():
    found = factors("cosine", 10, 0.2)
    assert found == pytest.approx([1 / 2, 1, *(0.5 * (1 + math.cos(math.pi * k / 8)) for k in range(8))])
    assert found[6] == pytest.approx(0.5)


def test_constant_stays():
    assert factors("constant", 8, 0.5) == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 1])


def test_without_warm_up_the_first_step_has_the_full_rate():
    for name in ("linear", "cosine", "constant"):
        assert rate_factor(name, {}, 0, 7, 0.0) == 1.0


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["linear", "cosine", "constant"]), st.integers(1, 60), st.floats(0, 0.99))
def test_every_factor_is_positive_and_the_warm_up_never_falls(name, total, warmup):
    found = factors(name, total, warmup)
    rising = math.ceil(warmup * total)
    assert all(0 < f <= 1 for f in found)
    assert found[:rising] == sorted(found[:rising])
    assert found[rising:] == sorted(found[rising:], reverse=True)


def test_an_unknown_schedule_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match="linear"):
        rate_factor("linaer", {}, 5, 10, 0.0)
