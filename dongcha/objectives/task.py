"""The task's own loss: the head's loss on the task's targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dongcha.data.features import Batch
from dongcha.loop.placement import Tensors
from dongcha.models.heads._base import HeadSpec, run
from dongcha.registry import find

IGNORED = -100


@dataclass(frozen=True)
class TaskObjective:
    """The loss that a head spec names; the sum over targets, divided by their number (or by their class weights)."""

    spec: HeadSpec

    @property
    def head(self) -> Any:
        """The module of the head: its losses and where its targets are."""
        return find("models.heads", self.spec.name)

    def weight(self, batch: Batch) -> float:
        """Count the targets of a batch; with class weights on single labels, add up the weights of their classes.

        A head whose loss is not one a target says in its WEIGHTS what a batch of them counts for.
        """
        targets = batch[self.head.TARGET]
        weigh = getattr(self.head, "WEIGHTS", {}).get(self.spec.loss)
        if weigh is not None:
            return float(weigh(targets))
        if self.spec.loss == "cross_entropy":
            targets = targets[targets != IGNORED]
            if self.spec.class_weights:
                return float(np.asarray(self.spec.class_weights)[targets].sum())
        return float(len(targets))

    def loss(self, module: torch.nn.Module, batch: Tensors) -> torch.Tensor:
        """Return the summed loss of a batch."""
        return self.from_logits(run(module, batch), batch[self.head.TARGET])

    def from_logits(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the summed loss of logits that are at hand."""
        loss: torch.Tensor = self.head.LOSSES[self.spec.loss](logits, targets, self.spec)
        return loss
