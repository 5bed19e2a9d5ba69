"""Perplexity by hand: over tokens, not over texts; nothing to predict says nothing."""

import numpy as np
import pytest

from dongcha.metrics import Outcome, masked, perplexity

OUTCOME = Outcome(np.array([1, 3, 0]), np.array([4.0, 2.0, 0.0]))  # tokens, then their summed loss


def test_a_long_text_weighs_more():
    found = {name: metric.figure(OUTCOME) for name, metric in perplexity.metrics().items()}
    assert found == pytest.approx({"token_loss": 6 / 4, "perplexity": np.exp(6 / 4)})


def test_less_is_better_also_of_a_row():
    assert perplexity.row_scores(OUTCOME).tolist() == [-4, -2 / 3, 0]
    assert not any(metric.greater_is_better for metric in perplexity.metrics().values())


def test_even_guesses_are_as_many_as_the_words():
    assert perplexity.metrics()["perplexity"].figure(Outcome([7], [7 * np.log(50)])) == pytest.approx(50)


def test_masked_words_are_measured_alike_under_their_own_names():
    ours, theirs = perplexity.metrics(), masked.metrics()
    assert [*theirs] == ["masked_loss", "masked_perplexity"]
    assert [m.figure(OUTCOME) for m in ours.values()] == [m.figure(OUTCOME) for m in theirs.values()]
    assert np.isnan(theirs["masked_loss"].figure(OUTCOME.take(np.array([2]))))
