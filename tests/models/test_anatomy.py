"""The parts of a model are found by inspection, for any architecture: together all parameters, each once."""

import pytest
import transformers
from tiny_models import KINDS, built
from torch import nn

from dongcha.adapt import last_layers
from dongcha.models.anatomy import inspect, without_decay
from dongcha.models.heads import writer
from dongcha.models.model import build_model
from dongcha.testing import tiny_writer

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


@pytest.mark.parametrize("kind", ["t5", "bart", "gpt2", "llama"])
def test_models_that_write_have_all_their_layers_and_tables_told_apart(tmp_path, kind):
    module = build_model(tiny_writer(tmp_path, kind=kind), writer.SPEC, max_tokens=None, seed=0, card={}).module
    found = inspect(module)
    assert len(found.layers) == (4 if kind in {"t5", "bart"} else 2)
    if len(found.layers) == 4:
        sides = ["encoder" if "encoder." in layer[0] else "decoder" for layer in found.layers]
        assert sides == ["encoder"] * 2 + ["decoder"] * 2
    last = set(last_layers.trained(found, last_layers.Options(layers=1)))
    assert last >= set(found.layers[-1]) and all(last.isdisjoint(layer) for layer in found.layers[:-1])
    tables = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, nn.Embedding)}
    known = {name for name, _ in module.named_parameters()}
    of_layers = {name for layer in found.layers for name in layer}
    assert (tables & known) - of_layers <= set(found.embeddings)
    assert all("norm" in name.lower() or "ln_f" in name or "lm_head" in name for name in found.rest)


def test_what_brings_tables_to_the_width_is_no_last_layer(tmp_path):
    tiny_writer(tmp_path)
    config = transformers.OPTConfig(
        vocab_size=260, hidden_size=32, word_embed_proj_dim=16, ffn_dim=32, num_hidden_layers=2, num_attention_heads=2
    )
    transformers.OPTForCausalLM(config).save_pretrained(tmp_path)
    found = inspect(build_model(tmp_path, writer.SPEC, max_tokens=None, seed=0, card={}).module)
    below = {name.split(".")[-2] for name in found.embeddings}
    assert below == {"embed_tokens", "embed_positions", "project_in"}


def test_biases_and_norms_are_without_decay(module):
    spared = without_decay(module)
    for name, _ in module.named_parameters():
        assert (name in spared) == (name.endswith("bias") or "norm" in name.lower()), name
