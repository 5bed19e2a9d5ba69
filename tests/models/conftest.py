"""Small models that write, one of each kind for a module of tests."""

import pytest

from dongcha.models.heads import writer
from dongcha.models.model import build_model
from dongcha.testing import tiny_writer


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a function that gives the model of a kind."""
    made = {}

    def model_of(kind):
        if kind not in made:
            folder = tiny_writer(tmp_path_factory.mktemp(kind), kind=kind)
            made[kind] = build_model(folder, writer.SPEC, max_tokens=None, seed=0, card={})
        return made[kind]

    return model_of
