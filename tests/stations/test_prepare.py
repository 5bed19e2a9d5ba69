"""How much the data checks ask of a model goes by its size and by how long texts are."""

import numpy as np

from dongcha.data.features import Features, bounds
from dongcha.stations.prepare import texts_worth_embedding


def of_length(tokens, rows=10):
    lengths = np.full(rows, tokens)
    return Features(bounds(lengths), {"input_ids": np.zeros(rows * tokens, np.int32)}, {"row": np.arange(rows)}, {})


def test_larger_models_and_longer_texts_are_given_fewer():
    assert [texts_worth_embedding(of_length(n), 22_000_000) for n in (10, 40, 500)] == [2000, 1000, 300]
    assert texts_worth_embedding(of_length(40), 1_000_000) == 1000
    assert texts_worth_embedding(of_length(500), 170_000_000) == texts_worth_embedding(of_length(128), 170_000_000)
    assert [texts_worth_embedding(of_length(40), n) for n in (44_000_000, 110_000_000, 10**9)] == [500, 200, 200]
    assert [texts_worth_embedding(of_length(500), n) for n in (44_000_000, 167_000_000)] == [150, 62]
