"""Out of memory, a model predicts in smaller batches from then on; what it says stays the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dongcha.data.features import Chunk, gather
from dongcha.errors import MachineError
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import build_model
from dongcha.models.room import Room

TORCH_SAYS = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."
ERRORS = {"torch": RuntimeError(TORCH_SAYS), "python": MemoryError(), "device": torch.OutOfMemoryError("CUDA")}
HEADS = {"sequence": 3, "token": 5}


class Tight(torch.nn.Module):
    """A module that fails on more than `most` padded tokens at once."""

    def __init__(self, inner, most, error=ERRORS["torch"]):
        super().__init__()
        self.inner, self.most, self.error, self.sizes = inner, most, error, []

    def forward(self, input_ids, mask, **extra):
        if input_ids.numel() > self.most:
            raise self.error
        self.sizes.append(input_ids.numel())
        return self.inner(input_ids, mask, **extra)


@pytest.fixture(scope="module")
def models(tiny_folder):
    specs = {name: HeadSpec(name=name, num_outputs=n, loss="cross_entropy") for name, n in HEADS.items()}
    return {name: build_model(tiny_folder(), spec, max_tokens=None, seed=1, card={}) for name, spec in specs.items()}


def features(lengths, groups=None):
    """Make features of random ids; `groups` numbers the group of each."""
    ids = np.random.default_rng(3).integers(5, 60, int(sum(lengths)), dtype=np.int32)
    units = {"row": np.arange(len(lengths)) if groups is None else np.asarray(groups)}
    if groups is not None:
        units["group"] = np.asarray(groups)
    return gather([Chunk(np.asarray(lengths, np.int64), {"input_ids": ids}, units, {})])


def by_feature(model, found, module=None, tokens=512):
    """Return the outputs of each feature, its padding left out."""
    said = {}
    for indices, out in model.outputs(found, module or model.module, tokens):
        for i, own in zip(indices.tolist(), out, strict=True):
            assert i not in said
            said[i] = own[: found.lengths[i]] if own.ndim == 2 else own
    return [said[i] for i in range(len(found))]


LENGTHS = st.lists(st.integers(2, 16), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(LENGTHS, st.integers(16, 600), st.sampled_from(sorted(HEADS)), st.sampled_from(sorted(ERRORS)))
def test_halved_is_whole_within_rounding_and_told_once(models, lengths, most, head, error):
    told = []
    room = Room(watch=lambda moment, **facts: told.append((moment, facts["tokens"])))
    model, found = replace(models[head], room=room), features(lengths)
    tight = Tight(model.module, most, ERRORS[error])
    for own, whole in zip(by_feature(model, found, tight), by_feature(models[head], found), strict=True):
        np.testing.assert_allclose(own, whole, rtol=1e-4, atol=1e-5)
    assert len(told) <= 1 and bool(told) == (room.tokens < 512)
    assert all(size <= most for size in tight.sizes)


def test_what_one_pass_finds_out_the_next_one_knows(models):
    told = []
    model = replace(models["sequence"], room=Room(watch=lambda moment, **facts: told.append(facts["tokens"])))
    tight, found = Tight(model.module, 100), features([10] * 50)
    by_feature(model, found, tight)
    by_feature(replace(model, card={"other": 1}), found, Tight(model.module, 100, AssertionError("tried anew")))
    assert len(told) == 1 and told[0] <= 100


def test_a_group_is_not_parted(models):
    groups = np.repeat(np.arange(12), 3)
    model, found = replace(models["sequence"], room=Room()), features([4, 9, 6] * 12, groups)
    assert found.groups is not None
    seen = [indices for indices, _ in model.outputs(found, Tight(model.module, 70), 512)]
    assert len(seen) > 3 and sorted(np.concatenate(seen).tolist()) == list(range(36))
    assert all(len(np.unique(groups[indices])) * 3 == len(indices) for indices in seen)


def test_one_text_that_does_not_fit_is_told_in_a_sentence(models):
    model = replace(models["sequence"], room=Room())
    with pytest.raises(MachineError, match="not even for one text of 16 tokens") as error:
        by_feature(model, features([16, 16, 9]), Tight(model.module, 15))
    assert error.value.exit_code == 4


def test_another_error_is_not_taken_for_a_lack_of_memory(models):
    model = replace(models["sequence"], room=Room())
    with pytest.raises(RuntimeError, match="shapes"):
        by_feature(model, features([16, 16]), Tight(model.module, 1, RuntimeError("shapes do not match")))
