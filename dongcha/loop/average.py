"""Keep an average of the trained weights beside them, and lend it to the module where it is judged.

In: an optimiser, a method of `averages/`, the number of steps. Out: a tensor `average` in the optimiser's state of each
parameter that has had a gradient, so that a checkpoint and the resume proof hold it as they hold moments. Costs one
more copy of the trained weights and one pass over them a step.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from dongcha.registry import find

KEY = "average"
NONE = "none"


class Average:
    """The average of one loop's weights; with method `none` the weights themselves."""

    def __init__(self, optimizer: torch.optim.Optimizer, method: str, options: Mapping[str, Any], total: int) -> None:
        self.optimizer, self.total = optimizer, total
        self.module = None if method == NONE else find("loop.averages", method)
        self.options = None if self.module is None else self.module.Options(**options)

    @property
    def is_kept(self) -> bool:
        """Tell whether there is an average beside the weights."""
        return self.module is not None

    @torch.no_grad()
    def take(self, done: int) -> None:
        """Take the weights after step `done` (1-based) into the average."""
        if self.module is None:
            return
        share = float(self.module.share(done, self.total, self.options))
        moved = [p for group in self.optimizer.param_groups for p in group["params"] if self.optimizer.state.get(p)]
        old = [p for p in moved if KEY in self.optimizer.state[p]]
        for parameter in (p for p in moved if KEY not in self.optimizer.state[p]):
            self.optimizer.state[parameter][KEY] = parameter.detach().clone()
        if old:
            torch._foreach_lerp_([self.optimizer.state[p][KEY] for p in old], old, share)

    @torch.no_grad()
    def exchange(self) -> None:
        """Put the average where the weights are, and the weights where the average was; twice is nothing."""
        for parameter, state in self.optimizer.state.items():
            if KEY in state:
                weights = parameter.detach().clone()
                parameter.copy_(state[KEY])
                state[KEY].copy_(weights)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Lend the average to the module."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()
