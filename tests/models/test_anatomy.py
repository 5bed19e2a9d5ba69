"""The parts of a model are found by inspection, for any architecture: together all parameters, each once."""

import pytest
from tiny_models import KINDS, built

from dongcha.models.anatomy import inspect, without_decay

WAYS = [("sequence", "mean"), ("sequence", None), ("token", None)]


@pytest.fixture(params=[(kind, *way) for kind in KINDS for way in WAYS], ids=lambda p: "-".join(map(str, p)))
def module(request, tiny_folder):
    kind, head, pooling = request.param
    return built(tiny_folder(kind, pooling), head).module


def test_the_parts_are_all_parameters_each_once(module):
    found = inspect(module)
    parts = [*found.head, *found.embeddings, *(n for layer in found.layers for n in layer), *found.rest]
    assert sorted(parts) == sorted(name for name, _ in module.named_parameters())
    assert len(parts) == len(set(parts))


def test_each_part_holds_what_its_name_says(module):
    found = inspect(module)
    assert len(found.layers) == 2
    sizes = {sum(dict(module.named_parameters())[n].numel() for n in layer) for layer in found.layers}
    assert len(sizes) == 1, "layers are alike"
    for nth, layer in enumerate(found.layers):
        assert all(f".{nth}." in name for name in layer)
    assert found.head
    assert set(found.head) >= module.new
    assert any("word_embeddings" in name for name in found.embeddings)
    assert any("position_embeddings" in name for name in found.embeddings)
    assert any("norm" in name.lower() for name in found.embeddings)
    assert all("pooler" in name or "norm" in name.lower() for name in found.rest)


def test_biases_and_norms_are_without_decay(module):
    spared = without_decay(module)
    for name, _ in module.named_parameters():
        assert (name in spared) == (name.endswith("bias") or "norm" in name.lower()), name
