"""The optimisers against their formulas, computed by hand in float64."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from dongcha.registry import find

STEPS = 6


def updated(name, options, gradients, rate, decay, start):
    """Return the weights after the optimiser met the gradients one by one."""
    weights = torch.nn.Parameter(torch.tensor(start, dtype=torch.float32))
    module = find("loop.optimizers", name)
    optimizer = module.build([{"params": [weights], "lr": rate, "weight_decay": decay}], module.Options(**options))
    for gradient in gradients:
        weights.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
        assert torch.equal(weights.grad, torch.tensor(gradient, dtype=torch.float32)), "gradients are only read"
    return weights.detach().numpy()


@pytest.fixture
def drawn():
    rng = np.random.default_rng(4)
    return rng.normal(size=(4, 3)), rng.normal(size=(STEPS, 4, 3))


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("options", [{}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}])
def test_adamw_is_algorithm_2_of_loshchilov_and_hutter(drawn, options, decay):
    start, gradients = drawn
    beta1, beta2, epsilon = (options.get(k, v) for k, v in {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}.items())
    w, m, v, rate = start.copy(), np.zeros_like(start), np.zeros_like(start), 0.02
    for t, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        corrected = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
        w = w - rate * (corrected + decay * w)
    np.testing.assert_allclose(updated("adamw", options, gradients, rate, decay, start), w, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_algorithm_1_of_loshchilov_and_hutter(drawn, momentum, nesterov, decay):
    start, gradients = drawn
    w, velocity, rate = start.copy(), np.zeros_like(start), 0.02
    for g in gradients:
        velocity = momentum * velocity + g
        w = w - rate * (g + momentum * velocity if nesterov else velocity) - rate * decay * w
    options = {"momentum": momentum, "nesterov": nesterov}
    np.testing.assert_allclose(updated("sgd", options, gradients, rate, decay, start), w, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_decay_is_decoupled(name):
    """Without gradients, weights only shrink by (1 - rate * decay) a step; coupled ones would move more."""
    start, rate, decay = np.array([2.0, -1.0]), 0.1, 0.5
    found = updated(name, {}, [np.zeros(2)] * STEPS, rate, decay, start)
    np.testing.assert_allclose(found, start * (1 - rate * decay) ** STEPS, rtol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_no_decay_no_gradient_no_move(name):
    start = np.array([2.0, -1.0])
    np.testing.assert_array_equal(updated(name, {}, [np.zeros(2)] * STEPS, 0.1, 0.0, start), start)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_an_unknown_option_is_refused(name):
    with pytest.raises(ValidationError):
        find("loop.optimizers", name).Options(momentun=0.9)
