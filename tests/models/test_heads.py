"""Heads: what they compute, what their losses sum, what new weights depend on."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import KINDS, LABELS, built, random_features, spec_of

from dongcha.errors import ModelError
from dongcha.models.heads import sequence, token
from dongcha.models.heads._base import dropouts, refuse_incomplete

few = settings(max_examples=30, deadline=None)
B, T, C = 6, 5, 3


def batch_of(model, features):
    batch = features.batch(np.arange(len(features)), model.tokenizer.pad_id)
    return torch.from_numpy(batch["input_ids"]), torch.from_numpy(batch["mask"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_sentence_encoder_keeps_its_own_pooling(tiny_folder, kind, pooling):
    folder = tiny_folder(kind, pooling)
    model = built(folder)
    assert model.module.form == "pooled"
    plain = transformers.AutoModel.from_pretrained(folder).eval()
    ids, mask = batch_of(model, random_features())
    with torch.no_grad():
        hidden = plain(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        rows = [h[: int(m.sum())] for h, m in zip(hidden, mask, strict=True)]
        vectors = torch.stack([r.mean(0) if pooling == "mean" else r[0] for r in rows])
        expected = vectors @ model.module.linear.weight.T + model.module.linear.bias
        torch.testing.assert_close(model.module.eval()(ids, mask), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pooling", sequence.POOLINGS)
def test_padding_counts_for_nothing_in_a_pool(pooling):
    torch.manual_seed(0)
    hidden, lengths = torch.randn(B, T, 4), torch.tensor([5, 1, 3, 2, 4, 5])
    mask = torch.arange(T) < lengths[:, None]
    found = sequence.pool(hidden, mask, pooling)
    for row, length in enumerate(lengths):
        own = hidden[row, :length]
        expected = {"mean": own.mean(0), "cls": own[0], "max": own.amax(0)}[pooling]
        torch.testing.assert_close(found[row], expected)
    noisy = torch.where(mask[..., None], hidden, 1e6)
    torch.testing.assert_close(sequence.pool(noisy, mask, pooling), found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("head", "auto"),
    [
        ("sequence", transformers.AutoModelForSequenceClassification),
        ("token", transformers.AutoModelForTokenClassification),
    ],
)
def test_other_models_get_the_class_that_transformers_has(tiny_folder, kind, head, auto):
    model = built(tiny_folder(kind, None), head)
    assert model.module.form == "native"
    assert type(model.module.hf) is auto._model_mapping[type(model.module.hf.config)]
    assert list(model.module.hf.config.id2label.values()) == list(LABELS)
    assert model.module.hf.config.label2id == {label: i for i, label in enumerate(LABELS)}
    ids, mask = batch_of(model, random_features())
    assert model.module(ids, mask).shape == ((6, C) if head == "sequence" else (6, 12, C))


@pytest.mark.parametrize(("head", "pooling"), [("sequence", "mean"), ("sequence", None), ("token", None)])
def test_new_weights_come_from_the_seed_alone(tiny_folder, head, pooling):
    folder = tiny_folder(pooling=pooling)
    torch.manual_seed(99)
    one = built(folder, head, seed=5)
    torch.manual_seed(3)
    two, other = built(folder, head, seed=5), built(folder, head, seed=6)
    pairs = list(zip(*(m.module.named_parameters() for m in (one, two, other)), strict=True))
    assert all(torch.equal(a, b) for (_, a), (_, b), _ in pairs)
    differing = {name for (name, a), _, (_, c) in pairs if not torch.equal(a, c)}
    assert differing == {name for name in one.module.new if name.endswith("weight")}


def test_dropout_reaches_every_probability_of_the_configuration(tiny_folder):
    config = transformers.AutoConfig.for_model("bert")
    assert dropouts(config, None) == {}
    assert dropouts(config, 0.25) == {"hidden_dropout_prob": 0.25, "attention_probs_dropout_prob": 0.25}
    for pooling in ("mean", None):
        module = built(tiny_folder(pooling=pooling), dropout=0.0).module.train()
        ids = torch.arange(5, 17).reshape(2, 6)
        mask = torch.ones(2, 6, dtype=torch.bool)
        assert torch.equal(module(ids, mask), module(ids, mask)), "nothing is dropped"
    module = built(tiny_folder(), dropout=0.5).module.train()
    assert not torch.equal(module(ids, mask), module(ids, mask))


def test_a_backbone_that_lacks_weights_is_refused_but_a_pooler_is_forgiven():
    refuse_incomplete("m", frozenset({"pooler.dense.weight", "embeddings.position_ids"}))
    with pytest.raises(ModelError, match=r"lacks weights.*encoder\.layer\.1"):
        refuse_incomplete("m", frozenset({"encoder.layer.1.weight"}))


logits_of = st.integers(0, 10_000).map(lambda seed: torch.randn(B, T, C, generator=torch.Generator().manual_seed(seed)))


BY_TEXT = ["binary_cross_entropy", "cross_entropy", "squared_error"]  # losses that ask of each text by itself


@few
@given(logits_of, st.integers(1, B - 1), st.sampled_from(BY_TEXT), st.booleans(), st.integers(0, 99))
def test_a_sequence_loss_sums_over_micro_batches(logits, at, loss, weighted, seed):
    weights = (0.5, 1.0, 4.0) if weighted and loss != "squared_error" else ()
    spec = spec_of(loss=loss, class_weights=weights, label_smoothing=0.1 * (loss != "squared_error"))
    targets = {
        "cross_entropy": np.random.default_rng(seed).integers(0, C, B),
        "binary_cross_entropy": np.random.default_rng(seed).integers(0, 2, (B, C)),
        "squared_error": np.random.default_rng(seed).normal(size=B),
    }[loss]
    logits, targets = logits[:, 0], torch.from_numpy(targets)
    parts = [sequence.LOSSES[loss](logits[part], targets[part], spec) for part in (slice(at), slice(at, None))]
    torch.testing.assert_close(sum(parts), sequence.LOSSES[loss](logits, targets, spec))


@few
@given(logits_of, st.integers(1, B - 1), st.integers(0, 99))
def test_a_token_loss_sums_over_micro_batches_and_leaves_untargeted_tokens_out(logits, at, seed):
    rng = np.random.default_rng(seed)
    targets = torch.from_numpy(np.where(rng.random((B, T)) < 0.4, -100, rng.integers(0, C, (B, T))))
    spec = spec_of("token", class_weights=(0.5, 1.0, 4.0))
    whole = token.cross_entropy(logits, targets, spec)
    parts = [token.cross_entropy(logits[part], targets[part], spec) for part in (slice(at), slice(at, None))]
    torch.testing.assert_close(sum(parts), whole)
    noisy = torch.where((targets == -100)[..., None], 1e4, logits)
    torch.testing.assert_close(token.cross_entropy(noisy, targets, spec), whole)


def test_losses_are_what_their_names_say():
    torch.manual_seed(1)
    logits = torch.randn(4, C)
    classes, several, scores = torch.tensor([0, 2, 1, 1]), torch.randint(0, 2, (4, C)), torch.randn(4)
    log_probs = logits.log_softmax(1)
    expected = -log_probs[torch.arange(4), classes].sum()
    torch.testing.assert_close(sequence.cross_entropy(logits, classes, spec_of()), expected)
    expected = F.binary_cross_entropy(torch.sigmoid(logits), several.float(), reduction="none").mean(1).sum()
    torch.testing.assert_close(sequence.binary_cross_entropy(logits, several, spec_of()), expected)
    torch.testing.assert_close(sequence.squared_error(logits, scores, spec_of()), ((logits[:, 0] - scores) ** 2).sum())


def test_a_batch_without_any_target_has_no_loss_and_no_nan():
    logits = torch.randn(2, T, C, requires_grad=True)
    loss = token.cross_entropy(logits, torch.full((2, T), -100), spec_of("token"))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()
