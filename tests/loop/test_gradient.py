"""One step's gradient: accumulation changes memory, never the sum; clipping; what is told of a step."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_loop import CLASSES, Recorder, Toy, groups_of, objective, toy_features, toy_fit, toy_settings

PLAIN_SGD = {"optimizer": "sgd", "optimizer_options": {"momentum": 0.0}, "schedule": "constant", "warmup": 0.0}


def one_step(by_token, lengths, weights, smoothing, **changed):
    """Take one plain SGD step of rate 1 over all rows; return the weights' moves, negated: the gradient."""
    module, features = Toy(by_token), toy_features(lengths, by_token)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    chosen = toy_settings(epochs=1, batch_tokens=10**6, clip_norm=None, **PLAIN_SGD, **changed)
    toy_fit(
        module,
        features,
        chosen,
        groups=groups_of(module, rate=1.0, decay=0.0),
        objective=objective(by_token, weights, smoothing),
    ).run()
    return {name: before[name] - p.detach() for name, p in module.named_parameters()}


def mean_loss_gradient(by_token, lengths, weights, smoothing):
    """The same gradient with torch's own mean over all rows at once: an independent account."""
    module, features = Toy(by_token), toy_features(lengths, by_token)
    batch = {k: torch.from_numpy(v) for k, v in features.batch(np.arange(len(features)), 0).items()}
    logits = module(batch["input_ids"], batch["mask"]).reshape(-1, CLASSES)
    targets = batch["target" if by_token else "unit_target"].reshape(-1)
    known = logits[targets != -100], targets[targets != -100]
    weight = torch.tensor(weights) if weights else None
    torch.nn.functional.cross_entropy(*known, weight, label_smoothing=smoothing).backward()
    return {name: p.grad for name, p in module.named_parameters()}


@settings(max_examples=40, deadline=None)
@given(
    by_token=st.booleans(),
    lengths=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    accumulation=st.integers(1, 6),
    weighted=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1]),
)
def test_accumulated_parts_give_the_gradient_of_the_whole_batch(by_token, lengths, accumulation, weighted, smoothing):
    lengths = [*lengths, 9]  # by token, some target is there
    weights = (0.2, 1.0, 5.0) if weighted else ()
    expected = mean_loss_gradient(by_token, lengths, weights, smoothing)
    found = one_step(by_token, lengths, weights, smoothing, accumulation=accumulation)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("limit", [0.01, 1e6, None])
def test_clipping_scales_the_whole_gradient_to_the_limit(limit):
    lengths = [3, 5, 2, 7]
    free = mean_loss_gradient(False, lengths, (), 0.0)
    norm = float(torch.sqrt(sum((g**2).sum() for g in free.values())))
    module, features = Toy(), toy_features(lengths)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    chosen = toy_settings(epochs=1, batch_tokens=10**6, clip_norm=limit, **PLAIN_SGD)
    toy_fit(module, features, chosen, groups=groups_of(module, rate=1.0, decay=0.0)).run()
    factor = 1.0 if limit is None or limit > norm else limit / norm
    assert (factor < 1) == (limit == 0.01)
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(before[name] - parameter.detach(), free[name] * factor, rtol=1e-3, atol=2e-6)


def test_only_the_groups_parameters_move_and_each_at_its_own_rate():
    module, features = Toy(), toy_features([3, 4, 5])
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    groups = [
        {"params": list(module.linear.parameters()), "lr": 1.0, "weight_decay": 0.0},
        {"params": [module.norm.weight], "lr": 0.25, "weight_decay": 0.0},
    ]
    chosen = toy_settings(epochs=1, batch_tokens=10**6, clip_norm=None, **PLAIN_SGD)
    toy_fit(module, features, chosen, groups=groups).run()
    expected = mean_loss_gradient(False, [3, 4, 5], (), 0.0)
    rates = {"linear.weight": 1.0, "linear.bias": 1.0, "norm.weight": 0.25, "norm.bias": 0.0, "table.weight": 0.0}
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(
            before[name] - parameter.detach(), rates[name] * expected[name], rtol=1e-4, atol=2e-6
        )


def test_the_schedule_reaches_the_optimiser_and_the_curves():
    module, watch = Toy(), Recorder()
    chosen = toy_settings(epochs=1, batch_tokens=6, warmup=0.5, schedule="linear")
    fitted = toy_fit(module, toy_features([3] * 8), chosen, watch=watch, groups=groups_of(module, rate=0.4)).run()
    assert fitted.total_steps == 4 == fitted.state.step
    assert fitted.state.rates == [(step, pytest.approx(0.4 * f)) for step, f in enumerate([0.5, 1.0, 1.0, 0.5], 1)]
    steps = watch.named("step")
    assert [facts["step"] for facts in steps] == [1, 2, 3, 4]
    assert sum(facts["tokens"] for facts in steps) == 24
    assert [(facts["step"], facts["loss"]) for facts in steps] == fitted.state.losses


def test_a_long_run_keeps_curves_short():
    module = Toy()
    fitted = toy_fit(module, toy_features([2] * 300), toy_settings(epochs=3, batch_tokens=2)).run()
    assert fitted.total_steps == 900
    assert 300 <= len(fitted.state.losses) <= 460
    assert fitted.state.losses[0][0] == 1
