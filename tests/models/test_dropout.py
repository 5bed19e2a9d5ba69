"""Quick dropout and attention: the distribution, the gradient and the numbers of torch's own."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertModel

from dongcha.models import attention
from dongcha.models.attention import attend, use_quick_attention
from dongcha.models.dropout import Dropout, drop, mask, quick_dropout, seed


@settings(max_examples=30, deadline=None)
@given(p=st.floats(0.0, 0.95), seed=st.integers(0, 2**31))
def test_a_mask_drops_its_share_and_keeps_the_mean(p, seed):
    torch.manual_seed(seed)
    found = mask(torch.Size([200, 200]), p)
    assert set(found.unique().tolist()) <= {0.0, found.max().item()}
    deviation = (p * (1 - p) / found.numel()) ** 0.5
    assert abs((found == 0).float().mean().item() - p) < 5 * deviation + 2**-16
    assert found.max().item() == pytest.approx(1 / (1 - p), rel=2**-10)


def test_neighbours_and_calls_are_independent():
    torch.manual_seed(0)
    first, second = mask(torch.Size([100_000]), 0.3), mask(torch.Size([100_000]), 0.3)
    for a, b in ((first, second), (first[:-1], first[1:]), (first[:-4], first[4:])):
        assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1].item()) < 0.015


def test_the_seed_is_torchs_and_the_size_any():
    for size in ((), (1,), (3,), (5, 7)):
        torch.manual_seed(5)
        first = mask(torch.Size(size), 0.5)
        torch.manual_seed(5)
        assert torch.equal(first, mask(torch.Size(size), 0.5))
        assert first.shape == size


def test_the_gradient_is_the_mask():
    x = torch.ones(50, 4, dtype=torch.float64, requires_grad=True)
    out = drop(x, 0.4)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())
    assert drop(x, 0.0) is x


def test_only_plain_dropouts_are_replaced_and_all_come_back():
    class Own(nn.Dropout):
        pass

    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.2), Own(0.2), nn.Dropout(0.2, inplace=True)).eval()
    kinds = [type(m) for m in module]
    with quick_dropout(module):
        assert [type(m) for m in module] == [nn.Linear, Dropout, Own, nn.Dropout]
        assert module[1].p == 0.2
        x = torch.ones(1, 2)
        assert torch.equal(module[1](x), x)
        module.train()
    assert [type(m) for m in module] == kinds
    assert module[1].training


class Bidirectional(nn.Module):
    is_causal = False


def heads(tokens, seed=0):
    torch.manual_seed(seed)
    return [torch.randn(3, 2, tokens, 4, dtype=torch.float64, requires_grad=True) for _ in range(3)]


@settings(max_examples=25, deadline=None)
@given(tokens=st.integers(1, 9), masked=st.sampled_from(["none", "bool", "added"]), seed=st.integers(0, 99))
def test_attention_with_a_given_mask_of_dropout_equals_the_formula(tokens, masked, seed):
    given_mask = mask(torch.Size([6, tokens, tokens]), 0.5, drawn=9).double()
    seen = torch.rand(3, 1, tokens, tokens) < 0.7
    seen[..., 0] = True
    passed = {"none": None, "bool": seen, "added": torch.zeros(seen.shape).double().masked_fill(~seen, -1e30)}[masked]
    q, k, v = heads(tokens, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "mask", lambda shape, p, drawn: given_mask)
        found, _ = attend(Bidirectional(), q, k, v, passed, dropout=0.5, scaling=0.3)
        weights = torch.randn_like(found)
        ours = torch.autograd.grad((found * weights).sum(), [q, k, v])
    scores = (q @ k.transpose(2, 3)) * 0.3
    if passed is not None:
        scores = scores.masked_fill(~seen, -1e30)
    expected = ((scores.softmax(-1) * given_mask.view(3, 2, tokens, tokens)) @ v).transpose(1, 2)
    torch.testing.assert_close(found, expected)
    theirs = torch.autograd.grad((expected * weights).sum(), [q, k, v])
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("threads", [1, 2, 9])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("drawn", [1, 2, 4, 6])
def test_forward_and_backward_draw_the_same_mask_in_any_blocks(monkeypatch, drawn, masked, threads):
    q, k, v = heads(6)
    seen = torch.rand(3, 1, 6, 6) < 0.7
    seen[..., 0] = True
    torch.manual_seed(3)
    first = seed()
    chunks = [mask(torch.Size([min(drawn, 6 - start), 6, 6]), 0.4, first + start) for start in range(0, 6, drawn)]
    monkeypatch.setattr(attention, "CHUNK", 36 * drawn)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    torch.manual_seed(3)
    found, _ = attend(Bidirectional(), q, k, v, seen if masked else None, dropout=0.4, scaling=0.3)
    kept, scores = torch.cat(chunks).double().view(3, 2, 6, 6), (q @ k.transpose(2, 3)) * 0.3
    scores = scores.masked_fill(~seen, -1e30) if masked else scores
    expected = ((scores.softmax(-1) * kept) @ v).transpose(1, 2)
    torch.testing.assert_close(found, expected)
    for a, b in zip(*(torch.autograd.grad(out.square().sum(), [q, k, v]) for out in (found, expected)), strict=True):
        torch.testing.assert_close(a, b)


def test_long_texts_keep_no_scores_for_the_way_back(monkeypatch):
    held = []
    monkeypatch.setattr(attention, "CHUNK", 100)
    q, k, v = heads(60)
    seen = torch.ones(3, 1, 1, 60, dtype=torch.bool)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: held.append(x) or x, lambda x: x):
        attend(Bidirectional(), q, k, v, seen, dropout=0.4)
    kept = {x.untyped_storage().data_ptr(): x.untyped_storage().nbytes() for x in held}
    assert sum(kept.values()) <= 4 * q.numel() * q.element_size()


def test_without_dropout_and_where_more_is_asked_it_is_torchs_own():
    q, k, v = heads(5)
    for more in ({}, {"is_causal": True}):
        found, _ = attend(Bidirectional(), q, k, v, None, dropout=0.0, **more)
        expected = F.scaled_dot_product_attention(q, k, v, is_causal=bool(more)).transpose(1, 2)
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("short", [0, 10**9])
def test_short_and_long_texts_are_attended_alike_without_gradients(monkeypatch, short):
    monkeypatch.setattr(attention, "SHORT", short)
    q, k, v = heads(6)
    seen = torch.ones(3, 1, 6, 6, dtype=torch.bool)
    seen[1, ..., 4:] = False
    for allowed in (None, seen):
        with torch.inference_mode():
            found, _ = attend(Bidirectional(), q, k, v, allowed, dropout=0.0)
            torch.testing.assert_close(found, F.scaled_dot_product_attention(q, k, v, allowed).transpose(1, 2))


def test_a_model_that_attends_quickly_evaluates_alike_and_saves_nothing_of_it():
    config = BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    module = BertModel(config, add_pooling_layer=False).eval()
    ids, seen = torch.randint(0, 30, (3, 7)), torch.tensor([[1] * 7, [1] * 4 + [0] * 3, [1] * 7])
    with torch.inference_mode():
        before = module(ids, attention_mask=seen).last_hidden_state
        use_quick_attention(module)
        assert module.config._attn_implementation == attention.NAME
        torch.testing.assert_close(module(ids, attention_mask=seen).last_hidden_state, before, rtol=0, atol=1e-5)
    assert attention.NAME not in str(module.config.to_dict())


def test_a_model_that_takes_no_attention_from_outside_keeps_its_own():
    module = nn.Linear(2, 2)
    use_quick_attention(module)
    assert not hasattr(module, "config")
