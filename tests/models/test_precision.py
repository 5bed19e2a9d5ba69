"""Products in bfloat16: near the exact ones forward and backward, exact where nothing trains, and put back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dongcha.models import precision
from dongcha.models.linear import use_quick_linear
from dongcha.models.precision import Product, bf16_gain, bf16_products, padded

ROUNDING = 2.0**-8  # of one number to bfloat16, relative


def rows(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def sizes_of(terms):
    """Bound the error of a sum of products, each of two rounded numbers, itself rounded at the end."""
    return 3.1 * ROUNDING * terms + 1e-6


@pytest.mark.parametrize("shape", [(7, 24), (2, 5, 24), (1, 24)])
@pytest.mark.parametrize("biased", [True, False])
def test_each_product_is_within_its_rounding(shape, biased):
    layer = nn.Linear(24, 10, bias=biased)
    x, wanted = rows(*shape).requires_grad_(), rows(*shape[:-1], 10, seed=1)
    out = Product.apply(x, layer.weight, layer.bias)
    out.backward(wanted)
    found = [x.grad, layer.weight.grad, *([layer.bias.grad] if biased else [])]
    assert all(tensor.dtype == torch.float32 for tensor in (out, *found))
    x2, g2, weight = x.detach().reshape(-1, 24), wanted.reshape(-1, 10), layer.weight.detach()
    exact = nn.functional.linear(x.detach(), weight, layer.bias)
    assert ((out - exact).abs() <= sizes_of((x2.abs() @ weight.abs().t()).view(exact.shape))).all()
    assert ((x.grad.reshape(-1, 24) - g2 @ weight).abs() <= sizes_of(g2.abs() @ weight.abs())).all()
    assert ((layer.weight.grad - g2.t() @ x2).abs() <= sizes_of(g2.abs().t() @ x2.abs())).all()
    if biased:
        torch.testing.assert_close(layer.bias.grad, g2.sum(0))


@settings(max_examples=100, deadline=None)
@given(count=st.integers(0, 9000))
def test_few_counts_of_rows_are_ever_multiplied_and_the_others_are_zeros(count):
    found = padded(torch.ones(count, 2))
    assert count <= len(found) <= max(count + 15, count * 17 / 16) and len(found) % 16 == 0
    assert found.sum() == 2 * count


def test_a_thousand_batches_need_few_products():
    assert len({len(padded(torch.ones(count, 1))) for count in range(2000, 3000)}) <= 12


@pytest.mark.parametrize("shape", [(7, 24), (2, 5, 24), (0, 24)])
def test_rows_of_padding_change_nothing(shape):
    layer, wide = nn.Linear(24, 10), rows(*shape)
    x = wide.clone().requires_grad_()
    Product.apply(x, layer.weight, layer.bias).sum().backward()
    assert x.grad.shape == x.shape
    many = torch.cat([wide.reshape(-1, 24), torch.zeros(40, 24)])
    gradient = layer.weight.grad.clone()
    layer.weight.grad = None
    Product.apply(many, layer.weight, layer.bias)[: wide.reshape(-1, 24).shape[0]].sum().backward()
    torch.testing.assert_close(layer.weight.grad, gradient)


def test_numbers_that_bfloat16_holds_give_the_exact_product():
    layer = nn.Linear(8, 4)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(parameter.mul(16).round())
    x = rows(3, 8).mul(4).round()
    assert torch.equal(Product.apply(x, layer.weight, layer.bias), layer(x))


def test_only_training_is_rounded_and_all_is_put_back():
    module = nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 3))
    x, names = rows(5, 24), list(module.state_dict())
    exact = module(x)
    with bf16_products(module):
        assert not torch.equal(module(x), exact)
        with torch.no_grad():
            assert torch.equal(module(x), exact)
        assert torch.equal(module.eval()(x), exact)
        assert list(module.state_dict()) == names
        module.train()
    assert torch.equal(module(x), exact)


def test_a_frozen_layer_gets_no_gradient_and_passes_one_on():
    layer = nn.Linear(24, 6).requires_grad_(False)
    x = rows(4, 24).requires_grad_()
    with bf16_products(layer):
        layer(x).sum().backward()
    assert layer.weight.grad is None
    assert x.grad is not None


def test_other_numbers_and_other_layers_are_left_alone():
    class Own(nn.Linear):
        pass

    for layer in (nn.Linear(24, 6).double(), Own(24, 6)):
        with bf16_products(layer):
            assert "forward" not in vars(layer)


def test_a_layer_that_computes_quickly_does_so_again_afterwards():
    layer = nn.Linear(24, 6)
    use_quick_linear(layer)
    before = layer.forward
    with bf16_products(layer):
        assert layer.forward is not before
    assert layer.forward is before


def test_a_narrow_model_and_a_processor_without_it_gain_nothing(monkeypatch):
    cpu = torch.device("cpu")
    assert bf16_gain(precision.NARROWEST - 1, 100, cpu) == 0.0
    monkeypatch.setattr(precision, "_has_bf16", lambda device: False)
    assert bf16_gain(384, 100, cpu) == 0.0


@pytest.mark.parametrize(("plain", "rounded", "gain"), [(3.0, 2.0, 1.5), (1.0, 2.0, 0.5)])
def test_the_gain_is_the_best_of_the_rounds_without_the_first(monkeypatch, plain, rounded, gain):
    monkeypatch.setattr(precision, "_has_bf16", lambda device: True)
    noise = iter([0.0, 9.0, 1.0, 7.0, 0.0, 5.0, 2.0, 0.0, 0.0, 6.0, 4.0, 8.0])

    def seconds(way, _):
        extra = next(noise)
        return -1.0 if extra == 9.0 else (plain if isinstance(way, nn.Linear) else rounded) + extra

    monkeypatch.setattr(precision, "_seconds", seconds)
    assert bf16_gain(precision.NARROWEST, 100, torch.device("cpu")) == gain
