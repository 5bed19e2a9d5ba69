"""The form that a model trains in learns what the plain one learns: the vocabulary in use, and what is put back."""

from contextlib import ExitStack

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_train import Parts, digest, settings_of
from torch import nn

from dongcha.loop.fit import Fit
from dongcha.loop.placement import place
from dongcha.models.dropout import Dropout
from dongcha.models.vocabulary import VocabularyInUse, can_be_narrowed, ids_in_use, vocabulary_in_use
from dongcha.objectives.task import TaskObjective
from dongcha.testing import tiny_rows
from dongcha.train.form import training_form
from dongcha.train.train import parameter_groups

OPTIMIZERS = {"adamw": {}, "sgd": {"momentum": 0.9}, "sgd nesterov": {"momentum": 0.8, "nesterov": True}}


def fifty_steps(folder, narrow, optimizer, accumulation=1):
    """Train a tiny model in float64, clipping and decay on, no dropout; return its logits on the way and weights."""
    parts = Parts.make(folder, rows=tiny_rows("classification", 60), dropout=0.0)
    module = parts.model.module.double()
    adapted = parts.adapted()
    chosen = settings_of(
        epochs=8,
        batch_tokens=90,
        weight_decay=0.3,
        clip_norm=0.05,
        accumulation=accumulation,
        optimizer=optimizer.split()[0],
        optimizer_options=OPTIMIZERS[optimizer],
    )
    seen = []
    every_piece = torch.arange(module.backbone.config.vocab_size)[:60].reshape(6, 10)

    def watch(moment, **facts):
        if moment == "step" and facts["step"] % 10 == 0:
            module.eval()
            with torch.inference_mode():
                seen.append(module(every_piece, torch.ones_like(every_piece)).clone())

    with ExitStack() as stack:
        if narrow:
            beside = stack.enter_context(training_form(adapted, parts.features, chosen))
            assert isinstance(module.backbone.get_input_embeddings(), VocabularyInUse)
        else:
            beside = ()
        fit = Fit(
            module=module,
            groups=parameter_groups(adapted, chosen, beside),
            objective=TaskObjective(parts.model.spec),
            train=parts.features,
            pad_id=0,
            validate=None,
            settings=chosen,
            placement=place("cpu", 1),
            folder=None,
            watch=watch,
        )
        steps = fit.run().state.step
    return steps, seen, {name: tensor.detach() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_the_vocabulary_in_use_equals_the_whole_table_after_fifty_steps(tiny_folder, optimizer, accumulation):
    folder = tiny_folder(pooling="mean")
    steps, seen, narrow = fifty_steps(folder, True, optimizer, accumulation)
    again, expected, whole = fifty_steps(folder, False, optimizer, accumulation)
    assert steps == again >= 50
    assert list(narrow) == list(whole)
    for name, tensor in whole.items():
        torch.testing.assert_close(narrow[name], tensor, rtol=0, atol=1e-6)
    for found, logits in zip(seen, expected, strict=True):
        torch.testing.assert_close(found, logits, rtol=0, atol=1e-6)


def test_a_row_that_no_batch_uses_decays_as_all_do(tiny_folder):
    folder = tiny_folder(pooling="mean")
    _, _, after = fifty_steps(folder, True, "adamw")
    before = Parts.make(folder).model.module.state_dict()
    name = next(n for n in before if n.endswith("word_embeddings.weight"))
    unused = Parts.make(folder).model.tokenizer.hf.convert_tokens_to_ids("paris")
    ratio = after[name][unused] / before[name][unused].double()
    assert ratio.std() < 1e-6
    assert 0.5 < ratio.mean() < 0.99


def test_the_padding_piece_learns_nothing_and_lends_nothing():
    table = nn.Embedding(9, 4, padding_idx=0)
    with torch.no_grad():
        table.weight[0] = 1.0
    holder = nn.ModuleDict({"table": table})
    with vocabulary_in_use(holder, table, np.array([0, 2, 5])) as narrow:
        holder["table"](torch.tensor([[2, 0, 0], [5, 5, 0]])).sum().backward()
        assert narrow.weight.grad.tolist() == [[0.0] * 4, [1.0] * 4, [2.0] * 4]
    assert holder["table"] is table


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=6), min_size=2, max_size=6))
def test_a_new_step_begins_with_clean_sums_and_parts_of_one_step_add_up(batches):
    table = nn.Embedding(9, 3)
    holder = nn.ModuleDict({"table": table})
    ids = ids_in_use([np.concatenate(batches)], 9)
    with vocabulary_in_use(holder, table, ids) as narrow:
        for parts in (batches, batches[:1], batches[1:]):
            narrow.weight.grad = None
            counts = torch.zeros(9)
            for batch in parts:
                holder["table"](torch.tensor(batch)).sum().backward()
                counts += torch.bincount(torch.tensor(batch), minlength=9)
            torch.testing.assert_close(narrow.weight.grad, counts[ids][:, None].expand(-1, 3))


def test_a_table_that_an_output_layer_shares_is_left_whole():
    table, output = nn.Embedding(9, 4), nn.Linear(4, 9, bias=False)
    output.weight = table.weight
    assert not can_be_narrowed(nn.ModuleList([table, output]), table)
    assert can_be_narrowed(nn.ModuleList([table]), table)
    table.weight.requires_grad_(False)
    assert not can_be_narrowed(nn.ModuleList([table]), table)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "electra"])
def test_everything_is_put_back(tiny_folder, kind):
    parts = Parts.make(tiny_folder(kind=kind, pooling=None), "tagging")
    module = parts.model.module
    before, names, kinds = digest(module), list(module.state_dict()), [type(m) for m in module.modules()]
    with training_form(parts.adapted(), parts.features, settings_of()) as beside:
        assert any(isinstance(m, Dropout) for m in module.modules())
        assert not any(type(m) is nn.Dropout for m in module.modules())
        assert len(beside) == 1
        module.eval()
    assert not any(m.training for m in module.modules())
    assert (digest(module), list(module.state_dict()), [type(m) for m in module.modules()]) == (before, names, kinds)


def test_a_frozen_table_stays_as_it_is(tiny_folder):
    parts = Parts.make(tiny_folder(pooling="mean"))
    with training_form(parts.adapted("no_embeddings"), parts.features, settings_of()) as beside:
        assert beside == ()


def test_ids_in_use_are_those_of_the_columns_and_the_special_ones(monkeypatch):
    monkeypatch.setattr("dongcha.models.vocabulary.CHUNK", 3)
    columns = [np.array([5, 7, 5, 2, 9], np.int32), np.array([], np.int32)]
    assert ids_in_use(columns, 12, [0]).tolist() == [0, 2, 5, 7, 9]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_training_twice_is_the_same_to_the_bit_with_dropout(tiny_folder, precision):
    ends = []
    for _ in range(2):
        parts = Parts.make(tiny_folder(pooling="mean"), dropout=0.3)
        parts.train(settings_of(precision=precision))
        ends.append(digest(parts.model.module))
    assert ends[0] == ends[1]


def test_rounded_products_learn_nearly_what_exact_ones_do(tiny_folder):
    ends = {}
    for precision in ("fp32", "bf16"):
        parts = Parts.make(tiny_folder(pooling="mean"))
        fitted = parts.train(settings_of(precision=precision, batch_tokens=90)).fitted
        ends[precision] = [loss for _, loss in fitted.state.losses]
    np.testing.assert_allclose(ends["bf16"], ends["fp32"], atol=0.03)
    assert ends["bf16"] != ends["fp32"]
