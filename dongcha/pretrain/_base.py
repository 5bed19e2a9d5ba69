"""Say what a method of pretraining builds, and who judges what it learns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from dongcha.loop import Objective, Validation
from dongcha.metrics import Metric, Outcome
from dongcha.types import Verdict

MOST_TOKENS = 128  # of a block, where the recipe leaves it open: most of BERT's own steps saw that many


@runtime_checkable
class Asks(Protocol):
    """An objective that can tell of each text how surprising it was."""

    def by_text(self, module: Any, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the summed loss of each text's tokens (B,), and how many they are (B,)."""
        ...


@dataclass(frozen=True)
class Learner:
    """What learns: a module with `backbone`, `pooling`, `hf` and `new` (its parameters that no checkpoint gave).

    `alone_steps` is how many steps the new ones first take by themselves, the backbone as it is.
    """

    module: Any
    objective: Objective
    alone_steps: int = 0


class Eyes(Protocol):
    """Look at a module that is learning: what it says of texts held out (`outcome`), and how good that is."""

    @property
    def metric(self) -> Metric:
        """What is looked at."""
        ...

    def outcome(self, module: Any) -> Outcome:
        """Ask the module, and leave it and torch's generator as they were."""
        ...

    def score(self, outcome: Outcome) -> Validation:
        """Return a figure of which more is better."""
        ...

    def compare(self, before: Outcome, after: Outcome) -> Verdict:
        """Test two modules on the same rows."""
        ...
