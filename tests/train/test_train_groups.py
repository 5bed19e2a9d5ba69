"""Training on features that stand in groups: parts of a batch give the whole one's gradient wherever they can."""

import pytest
import torch
from tiny_train import Parts

from dongcha.objectives.task import TaskObjective


def gradient(parts, count):
    """Return the gradient of all training rows, computed in `count` parts; no dropout."""
    model, features = parts.model, parts.features
    objective = TaskObjective(model.spec)
    model.module.eval()
    model.module.zero_grad()
    batches = [features.batch(part, 0) for part in features.parts(torch.arange(len(features)).numpy(), count)]
    total = sum(objective.weight(batch) for batch in batches)
    for batch in batches:
        tensors = {name: torch.from_numpy(column) for name, column in batch.items()}
        (objective.loss(model.module, tensors) / total).backward()
    return {name: p.grad.clone() for name, p in model.module.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(("task", "data"), [("choice", {}), ("pairs", {"pairs": "apart"})])
def test_parts_of_grouped_features_give_the_gradient_of_the_whole(tiny_folder, task, data):
    parts = Parts.make(tiny_folder(), task, data=data)
    assert parts.features.groups is not None
    whole = gradient(parts, 1)
    for count in (2, 7):
        for name, found in gradient(parts, count).items():
            torch.testing.assert_close(found, whole[name], rtol=1e-3, atol=1e-6)


def test_a_query_has_fewer_wrong_answers_in_a_part_so_that_parts_change_its_loss(tiny_folder):
    pytest.importorskip("bm25s")
    parts = Parts.make(tiny_folder(), "retrieval")
    whole, halved = gradient(parts, 1), gradient(parts, 2)
    assert any(not torch.allclose(whole[name], halved[name], rtol=1e-2, atol=1e-5) for name in whole)
