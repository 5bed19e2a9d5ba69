"""Power: the formula inverts itself, and a simulation of the test agrees with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.judge.paired import mcnemar
from dongcha.judge.power import rows_needed, smallest_difference


@settings(max_examples=50, deadline=None)
@given(st.integers(50, 100_000), st.floats(0.02, 0.9))
def test_the_smallest_difference_needs_just_these_rows(n, discordant):
    difference = smallest_difference(n, discordant)
    if not np.isnan(difference):
        assert rows_needed(difference, discordant) == pytest.approx(n, abs=1)


def test_more_rows_show_less_and_too_few_show_nothing():
    assert smallest_difference(10_000, 0.1) < smallest_difference(1_000, 0.1)
    assert np.isnan(smallest_difference(20, 0.05))
    assert np.isnan(smallest_difference(0, 0.1))


def test_a_simulation_agrees():
    n, discordant = 1000, 0.1
    difference = smallest_difference(n, discordant, power=0.8)
    gain, loss = (discordant + difference) / 2, (discordant - difference) / 2
    drawn = np.random.default_rng(0).multinomial(n, [gain, loss, 1 - discordant], size=1500)
    shown = np.mean([mcnemar(int(g), int(lost)) < 0.05 for g, lost, _ in drawn])
    assert 0.72 <= shown <= 0.84  # the exact test is a little more cautious than the formula
