"""A forecast looks and touches nothing: weights, gradients and the training after it are as they were."""

import numpy as np
import pytest
from tiny_train import Parts, digest, settings_of

from dongcha.errors import MachineError
from dongcha.loop.placement import place
from dongcha.objectives.task import TaskObjective
from dongcha.train import forecast as module
from dongcha.train.forecast import forecast


def forecast_of(parts, **changed):
    objective = TaskObjective(parts.model.spec)
    settings = settings_of(**changed)
    return forecast(parts.model, objective, parts.features, parts.validation.features, settings, place("cpu", 1))


@pytest.mark.parametrize(("task", "pooling"), [("classification", "mean"), ("tagging", None)])
@pytest.mark.parametrize("method", ["full", "head"])
def test_weights_gradients_and_the_training_after_it_are_untouched(tiny_folder, task, pooling, method):
    looked_at, left_alone = (Parts.make(tiny_folder(pooling=pooling), task) for _ in range(2))
    looked_at.adapted(method)
    before = digest(looked_at.model.module)
    forecast_of(looked_at)
    assert digest(looked_at.model.module) == before
    assert all(p.grad is None for p in looked_at.model.module.parameters())
    for parts in (looked_at, left_alone):
        parts.train(settings_of(epochs=1), method)
    assert digest(looked_at.model.module) == digest(left_alone.model.module) != before


def test_the_figures_follow_from_the_timed_batches(tiny_folder, monkeypatch):
    """A clock that ticks one second a reading: each timed batch takes one second."""
    parts = Parts.make(tiny_folder())
    ticks = iter(range(10**6))
    monkeypatch.setattr(module.time, "perf_counter", lambda: float(next(ticks)))
    found = forecast_of(parts, epochs=2, batch_tokens=10**6)
    assert found.step_seconds == pytest.approx(4.0), "one batch and one move of all weights an epoch, two epochs"
    features = parts.validation.features
    assert found.inference_seconds(features) == pytest.approx(1.0)
    padded = len(features) * int(features.lengths.max())
    assert found.inference_seconds_per_token == pytest.approx(1 / padded)
    assert found.megabytes > 1


def test_more_epochs_cost_as_much_more(tiny_folder, monkeypatch):
    ticks = iter(range(10**6))
    monkeypatch.setattr(module.time, "perf_counter", lambda: float(next(ticks)))
    parts = Parts.make(tiny_folder())
    one, four = (forecast_of(parts, epochs=n, batch_tokens=10**6).step_seconds for n in (1, 4))
    assert four == pytest.approx(4 * one)


class Tight(TaskObjective):
    """An objective for which memory suffices for `rows` rows at once."""

    rows = 3

    def loss(self, module, batch):
        if len(batch["mask"]) > self.rows:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().loss(module, batch)


def tight_forecast(parts, rows):
    objective = Tight(parts.model.spec)
    objective.rows = rows
    return forecast(parts.model, objective, parts.features, parts.validation.features, settings_of(), place("cpu", 1))


def test_where_memory_does_not_suffice_the_parts_that_it_takes_are_found(tiny_folder):
    parts = Parts.make(tiny_folder())
    assert tight_forecast(parts, rows=1000).accumulation == 1
    assert tight_forecast(parts, rows=3).accumulation in (4, 8, 16)
    assert all(p.grad is None for p in parts.model.module.parameters())
    with pytest.raises(MachineError, match="not even for one row"):
        tight_forecast(parts, rows=0)


def test_a_frozen_backbone_needs_less_memory(tiny_folder):
    parts = Parts.make(tiny_folder())
    parts.adapted("full")
    full = forecast_of(parts).megabytes
    parts.adapted("head")
    # the process's peak can only rise in between, and does not by as much as two moments of all weights are apart
    assert forecast_of(parts).megabytes < full + 50
    assert np.isfinite(full)
