"""An average of the weights is what its name says, is what validation sees and the run keeps, and changes no step."""

import numpy as np
import pytest
import torch
from toy_loop import Recorder, Toy, arbitrary_validation, digest, objective, toy_features, toy_fit, toy_settings

from dongcha.loop.average import Average
from dongcha.loop.averages import ema, swa
from dongcha.loop.state import copy_weights

LENGTHS = [2, 9, 4, 4, 7, 1, 3, 8, 5, 6, 2, 2, 9, 9]
STEPS = 10


def run(validates=False, **chosen):
    """Return the module's end, its weights after each step, and what each validation saw."""
    module, trail, seen = Toy(dropout=0.3, seed=0), [], []
    judge = arbitrary_validation(module)

    def watch(moment, **facts):
        if moment == "step":
            trail.append(copy_weights(module))

    def validate():
        seen.append(copy_weights(module))
        return judge()

    more = {"validate": validate if validates else None, "watch": Recorder(lambda m, f: watch(m, **f))}
    chosen = toy_settings(**{"max_steps": STEPS, "epochs": 9, "patience": None, **chosen})
    fit = toy_fit(module, toy_features(LENGTHS), chosen, folder=None, objective=objective(), **more)
    return module, trail, seen, fit.run()


def alike(found, expected):
    return all(np.allclose(found[name].numpy(), tensor, rtol=1e-5, atol=1e-6) for name, tensor in expected.items())


def test_ema_is_the_fading_mean_of_all_steps():
    module, trail, _, _ = run(average="ema", average_options={"decay": 0.6})
    expected = {name: tensor.numpy() for name, tensor in trail[0].items()}
    for done, weights in enumerate(trail[1:], 2):
        kept = min(0.6, (1 + done) / (10 + done))
        expected = {name: kept * expected[name] + (1 - kept) * weights[name].numpy() for name in expected}
    assert alike(copy_weights(module), expected)
    assert not alike(trail[-1], expected)


@pytest.mark.parametrize("start", [0.0, 0.5, 0.75])
def test_swa_is_the_plain_mean_of_the_last_steps(start):
    module, trail, _, _ = run(average="swa", average_options={"start": start})
    last = trail[int(np.ceil(start * STEPS)) :]
    assert alike(copy_weights(module), {name: np.mean([w[name].numpy() for w in last], axis=0) for name in last[0]})


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_the_steps_are_those_without_an_average(average):
    plain, with_average = run()[1], run(average=average)[1]
    assert len(plain) == len(with_average) == STEPS
    assert all(torch.equal(a[name], b[name]) for a, b in zip(plain, with_average, strict=True) for name in a)


def test_validation_sees_the_average_and_the_best_one_is_kept():
    module, trail, seen, fitted = run(validates=True, validate_steps=5, average="swa", average_options={"start": 0.0})
    for found, upto in zip(seen, (5, 10), strict=True):
        assert alike(found, {name: np.mean([w[name].numpy() for w in trail[:upto]], axis=0) for name in found})
    best = seen[[5, 10].index(fitted.state.best_step)]
    assert all(torch.equal(tensor, best[name]) for name, tensor in copy_weights(module).items())


def test_lending_the_average_twice_changes_no_bit():
    module = Toy(seed=1)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)
    average = Average(optimizer, "ema", {}, STEPS)
    for _ in range(3):
        module.zero_grad()
        sum(parameter.square().sum() for parameter in module.parameters()).backward()
        optimizer.step()
        average.take(1)
    before = digest(module)
    with average.in_place():
        assert digest(module) != before
    assert digest(module) == before


def test_shares_are_those_of_the_papers():
    assert [swa.share(done, 8, swa.Options(start=0.5)) for done in range(1, 9)] == [1, 1, 1, 1, 1, 1 / 2, 1 / 3, 1 / 4]
    assert ema.share(10_000, 10_000, ema.Options(decay=0.99)) == pytest.approx(0.01)
    assert ema.share(1, 10_000, ema.Options(decay=0.99)) == pytest.approx(1 - 2 / 11)
