"""A model that is saved and loaded gives the same bits; batched gives what one by one gives."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file
from tiny_models import LABELS, built, random_features

from dongcha import files
from dongcha.errors import ModelError
from dongcha.models.heads._base import CARD
from dongcha.models.model import build_model, load_model

WAYS = [("bert", "sequence", "mean"), ("bert", "sequence", "cls"), ("bert", "sequence", None), ("bert", "token", None)]
WAYS += [("distilbert", "sequence", None), ("electra", "token", None), ("electra", "sequence", "mean")]


@pytest.fixture(params=WAYS, ids=lambda p: "-".join(map(str, p)))
def model(request, tiny_folder):
    kind, head, pooling = request.param
    found = built(tiny_folder(kind, pooling), head)
    with torch.no_grad():  # as if trained: no weight is what the folder or the seed gave
        for parameter in found.module.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return found


def laid(model, features, **more):
    """Return the logits of each feature, in order, unpadded."""
    found = {}
    for indices, logits in model.logits(features, **more):
        for i, row in zip(indices.tolist(), logits, strict=True):
            found[i] = row[: features.lengths[i]] if row.ndim == 2 else row
    return [found[i] for i in range(len(features))]


def test_loaded_is_saved_bit_for_bit(model, tmp_path):
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    features = random_features()
    for ours, theirs in zip(laid(model, features), laid(again, features), strict=True):
        assert np.array_equal(ours, theirs)
    assert again.spec.labels == LABELS
    assert again.module.form == model.module.form
    assert again.card["facts"] == [1]
    assert again.tokenizer.max_tokens == model.tokenizer.max_tokens
    assert again.tokenizer.ids(["the room 很好"]) == model.tokenizer.ids(["the room 很好"])
    again.save(tmp_path / "twice")
    for name in ("model.safetensors", "config.json", "tokenizer.json", CARD):
        assert (tmp_path / "twice" / name).read_bytes() == (tmp_path / "model" / name).read_bytes(), name


def test_plain_transformers_loads_what_was_saved(model, tmp_path):
    """A native head's logits by Transformers' own class; a pooled one's by AutoModel, mean and a matrix in numpy."""
    model.save(tmp_path / "model")
    features = random_features()
    native = {
        "sequence": transformers.AutoModelForSequenceClassification,
        "token": transformers.AutoModelForTokenClassification,
    }[model.spec.name]
    auto = native if model.module.form == "native" else transformers.AutoModel
    plain = auto.from_pretrained(tmp_path / "model").eval()
    for i, ours in enumerate(laid(model, features)):
        ids = torch.from_numpy(
            features.tokens["input_ids"][features.starts[i] : features.starts[i + 1]].astype(np.int64)
        )
        with torch.no_grad():
            out = plain(input_ids=ids[None])
        if model.module.form == "native":
            theirs = out.logits[0].numpy()
        else:
            head = load_file(tmp_path / "model" / "head.safetensors")
            hidden = out.last_hidden_state[0].numpy()
            vector = hidden[0] if model.module.pooling == "cls" else hidden.mean(0)
            theirs = vector @ head["weight"].T + head["bias"]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_batched_is_as_one_by_one(model):
    features = random_features(lengths=(5, 30, 3, 7, 7, 12, 1, 2))
    alone, together = laid(model, features, batch_tokens=1), laid(model, features, batch_tokens=10**6)
    for ours, theirs in zip(alone, together, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_predicting_leaves_the_model_as_it_was(model):
    features = random_features()
    before = {name: p.clone() for name, p in model.module.state_dict().items()}
    for training in (True, False):
        model.module.train(training)
        laid(model, features)
        assert model.module.training == training
        next(model.logits(features))
        assert model.module.training == training, "also when nobody reads to the end"
    assert all(torch.equal(p, before[name]) for name, p in model.module.state_dict().items())
    assert all(p.grad is None for p in model.module.parameters())


def test_the_longest_features_come_first(model):
    features = random_features(lengths=(3, 9, 5, 30, 1))
    longest = [features.lengths[indices].max() for indices, _ in model.logits(features, batch_tokens=10)]
    assert longest == sorted(longest, reverse=True)


def test_no_pickle_is_written(model, tmp_path):
    model.save(tmp_path / "model")
    suffixes = {p.suffix for p in (tmp_path / "model").rglob("*") if p.is_file()}
    assert suffixes <= {".json", ".safetensors", ".txt", ".jinja"}
    assert files.is_done(tmp_path / "model")


def test_a_shorter_limit_is_kept_in_the_folder(tiny_folder, tmp_path):
    from tiny_models import spec_of

    from dongcha.models.model import build_model

    model = build_model(tiny_folder(), spec_of(), max_tokens=20, seed=0, card={})
    assert model.tokenizer.max_tokens == 20
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").tokenizer.max_tokens == 20
    assert build_model(tiny_folder(), spec_of(), max_tokens=5000, seed=0, card={}).tokenizer.max_tokens == 64


def test_a_run_that_begins_at_a_saved_model_has_its_head_only_for_the_same_answers(tiny_folder, tmp_path):
    saved = built(tiny_folder())
    saved.save(tmp_path / "model")

    def weight(**changes):
        model = build_model(tmp_path / "model", replace(saved.spec, **changes), max_tokens=None, seed=7, card={})
        return model.module.linear.weight

    assert torch.equal(weight(), saved.module.linear.weight)
    assert torch.equal(weight(label_smoothing=0.1), saved.module.linear.weight)
    more = (*saved.spec.labels, "z")
    assert weight(labels=more, num_outputs=len(more)).shape[0] == len(more)
    assert not torch.equal(weight(labels=saved.spec.labels[::-1]), saved.module.linear.weight)


def test_a_folder_that_is_not_ours_is_refused(tiny_folder):
    with pytest.raises(ModelError, match=CARD):
        load_model(tiny_folder())


@pytest.mark.parametrize("lost", [files.DONE, "head.safetensors", "model.safetensors", "tokenizer.json"])
def test_a_saved_model_that_lost_a_file_is_refused(tiny_folder, tmp_path, lost):
    """Without its head file a model would come back with a head drawn at random."""
    built(tiny_folder()).save(tmp_path / "model")
    (tmp_path / "model" / lost).unlink()
    with pytest.raises(ModelError, match=lost):
        load_model(tmp_path / "model")


def test_weights_that_are_cut_short_are_refused_in_one_sentence(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder(), tmp_path / "m")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        built(folder)


def test_weights_of_another_shape_are_refused(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder(), tmp_path / "m")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"intermediate_size": 48}))
    with pytest.raises(ModelError, match="m lacks weights"):
        built(folder)
    shutil.rmtree(folder / "1_Pooling")
    with pytest.raises(ModelError, match="m lacks weights"):
        built(folder)
