"""A linear layer without gradients is the same product by another library; with them it is torch's own."""

import copy

import pytest
import torch
from torch import nn

from dongcha.models.linear import LARGE, linear, use_quick_linear

ROWS = torch.randn(2, LARGE, 24, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("x", [ROWS, ROWS[0], ROWS.transpose(0, 1), ROWS[:, :3]])
def test_the_product_is_the_same(x, biased):
    layer = nn.Linear(24, 10, bias=biased)
    exact = layer(x)
    with torch.inference_mode():
        torch.testing.assert_close(linear(layer, x), exact, rtol=0, atol=1e-5)
    assert torch.equal(linear(layer, x), exact)


def test_other_numbers_go_to_torch():
    layer = nn.Linear(24, 10).double()
    with torch.no_grad():
        assert torch.equal(linear(layer, ROWS.double()), nn.functional.linear(ROWS.double(), layer.weight, layer.bias))


def test_a_copy_of_a_module_computes_by_its_own_weights():
    module = nn.Sequential(nn.Linear(24, 10))
    use_quick_linear(module)
    other = copy.deepcopy(module)
    with torch.no_grad():
        other[0].weight.zero_()
        other[0].bias.fill_(3)
        assert torch.equal(other(ROWS), torch.full((2, LARGE, 10), 3.0))
        assert not torch.equal(module(ROWS), other(ROWS))
