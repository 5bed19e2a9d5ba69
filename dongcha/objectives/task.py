"""The task's own loss: the head's loss on the task's targets; of several tasks, one figure each, by their weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dongcha.data.features import IGNORED, Batch
from dongcha.loop.fit import Weight
from dongcha.loop.placement import Tensors
from dongcha.models.heads import several
from dongcha.models.heads._base import HeadSpec, run
from dongcha.registry import find


@dataclass(frozen=True)
class TaskObjective:
    """The loss that a head spec names; the sum over targets, divided by their number (or by their class weights).

    A spec of several tasks gives one sum a task (K,), times the task's weight, and one number of targets a task (K,):
    each is a mean over its own targets, and the means are added.
    """

    spec: HeadSpec

    @property
    def head(self) -> Any:
        """The module of the head: its losses and where its targets are."""
        return find("models.heads", self.spec.name)

    @property
    def is_whole(self) -> bool:
        """Tell whether the rows of a batch are compared with one another, so that its parts have another loss."""
        return self.spec.loss in getattr(self.head, "WHOLE", ())

    def weight(self, batch: Batch) -> Weight:
        """Count the targets of a batch; with class weights on single labels, add up the weights of their classes.

        A head whose loss is not one a target says in its WEIGHTS what a batch of them counts for.
        """
        if self.spec.parts:
            return np.array([TaskObjective(part).weight(several.batch_of(batch, part)) for part in self.spec.parts])
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
        """Return the summed loss of a batch: a scalar, or one a task (K,)."""
        return self.from_logits(run(module, batch), batch)

    def from_logits(self, logits: torch.Tensor, batch: Tensors) -> torch.Tensor:
        """Return the summed loss of logits that are at hand."""
        if self.spec.parts:
            found = [
                part.weight * TaskObjective(part)._of_own_rows(several.logits_of(logits, part, columns), batch)
                for part, columns in several.places(self.spec)
            ]
            return torch.stack(found)
        loss: torch.Tensor = self.head.LOSSES[self.spec.loss](logits, batch[self.head.TARGET], self.spec)
        return loss

    def _of_own_rows(self, logits: torch.Tensor, batch: Tensors) -> torch.Tensor:
        """Return one task's summed loss: of its own rows alone, and of none of them 0."""
        own = several.own_rows(batch, self.spec)
        if own is None:
            return self.from_logits(logits, several.batch_of(batch, self.spec))
        if not bool(own.any()):
            return logits.sum() * 0
        return self.from_logits(logits[own], several.batch_of(batch, self.spec))
