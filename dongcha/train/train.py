"""Train: start the head, forecast, run the loop; the main metric on validation rows decides what is best."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dongcha.data.features import Features
from dongcha.loop import Fitted, LoopSettings, Validation, fit
from dongcha.loop.clock import Budget
from dongcha.loop.fit import Weight, mean_loss, positions
from dongcha.loop.journal import Journal
from dongcha.loop.placement import Placement
from dongcha.models.adapted import Adapted
from dongcha.models.anatomy import without_decay
from dongcha.models.model import Model
from dongcha.models.probe import AnyProbe, set_head
from dongcha.objectives.task import TaskObjective
from dongcha.tasks._base import Task, Writes
from dongcha.tasks._predict import lay_flat, ready
from dongcha.train.form import training_form
from dongcha.types import Watch


@dataclass(frozen=True)
class Trained:
    """A model at its best, what it cost, and how it got there."""

    model: Model
    fitted: Fitted
    settings: LoopSettings


@dataclass(frozen=True)
class Examined:
    """Validation rows as features and as columns, ready to be scored again and again."""

    features: Features
    rows: Mapping[str, list[Any]]


def train(  # noqa: PLR0913  the stage's inputs are what design 2 names: a model, data, settings, a place
    adapted: Adapted,
    task: Task,
    features: Features,
    validation: Examined | None,
    settings: LoopSettings,
    *,
    start: AnyProbe | None,
    placement: Placement,
    folder: Path | None,
    watch: Watch,
    journal: Journal | None = None,
    budget: Budget | None = None,
    row_names: Callable[[list[int]], str] = positions,
) -> Trained:
    """Train the parts that `adapted` names; the model ends with its best weights by the validation metric.

    `start` gives a linear head its first weights; `folder` keeps checkpoints, from which the same call goes on;
    `journal` keeps what memory and time made it do, `budget` is the time there is, `row_names` says where rows stand.
    """
    model = adapted.model
    placement.module(model.module)
    objective = TaskObjective(model.spec)
    if start is not None:
        set_head(model, start)
    with training_form(adapted, features, settings) as beside:
        fitted = fit(
            module=model.module,
            groups=parameter_groups(adapted, settings, beside),
            objective=objective,
            train=features,
            pad_id=model.tokenizer.pad_id,
            validate=None if validation is None else lambda: validate(model, task, objective, validation),
            settings=settings,
            placement=placement,
            folder=folder,
            watch=watch,
            journal=journal or Journal(),
            budget=budget or Budget(),
            proves=True,
            row_names=row_names,
        )
    return Trained(model, fitted, settings)


def parameter_groups(adapted: Adapted, settings: LoopSettings, beside: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Sort trained parameters by rate (head, backbone) and by decay (none on biases and norms).

    `beside` names parameters that the training form adds: each goes with the embedding table, which decays.
    """
    spared = without_decay(adapted.model.module) - set(beside)
    parameters = dict(adapted.model.module.named_parameters())
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name in (*adapted.trained, *beside):
        groups.setdefault((name in adapted.head, name in spared), []).append(parameters[name])
    return [
        {
            "params": members,
            "lr": settings.head_learning_rate if in_head else settings.learning_rate,
            "weight_decay": 0.0 if is_spared else settings.weight_decay,
        }
        for (in_head, is_spared), members in sorted(groups.items())
    ]


LOSS = "validation_loss", -1  # what scores are of where no metric is


def looked_at(task: Task) -> tuple[str, int]:
    """Return what validation scores are of, and -1 where they are turned round so that more is better, else 1.

    The task's main metric; of a task that writes the loss.
    """
    name, metric = next(iter(task.metrics.items()))
    return LOSS if isinstance(task, Writes) else (name, 1 if metric.greater_is_better else -1)


def validate(model: Model, task: Task, objective: TaskObjective, validation: Examined) -> Validation:
    """Score the model on validation rows: the task's main metric, and the loss as the tie-breaker."""
    return validated(model, task, objective, validation)[0]


def validated(
    model: Model, task: Task, objective: TaskObjective, validation: Examined
) -> tuple[Validation, np.ndarray]:
    """Score the model on validation rows, with what they settle, and return the outputs that it was made of."""
    sums: torch.Tensor = torch.zeros((), dtype=torch.float64)
    weight: Weight = 0.0

    def with_loss() -> Any:
        nonlocal sums, weight
        for indices, out in model.logits(validation.features):
            batch = validation.features.batch(indices, model.tokenizer.pad_id)
            tensors = {name: torch.from_numpy(np.ascontiguousarray(column)) for name, column in batch.items()}
            sums = sums + objective.from_logits(torch.from_numpy(out), tensors)
            weight = weight + objective.weight(batch)
            yield indices, out

    outputs = lay_flat(validation.features, with_loss())
    if isinstance(task, Writes):  # to write all answers at each look would cost more than to train
        loss = float(mean_loss(sums, weight))
        return Validation(-loss, loss), outputs
    task, is_finite = ready(task, model), bool(np.isfinite(outputs).all())
    if is_finite:  # as the model will answer: a reader that learns would else lose to one that never answers
        task = task.settle(outputs, validation.features, validation.rows)
    predictions = task.decode(outputs, validation.features, validation.rows, 0)
    metric = next(iter(task.metrics.values()))
    figure = metric.figure(task.outcome(validation.rows, predictions))
    if np.isnan(figure) and is_finite:
        figure = 0.0  # a correlation with answers that are all the same
    return Validation(figure if metric.greater_is_better else -figure, float(mean_loss(sums, weight))), outputs
