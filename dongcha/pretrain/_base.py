"""Say what a method of pretraining builds."""

from dataclasses import dataclass
from typing import Any

from dongcha.loop import Objective

MOST_TOKENS = 128  # of a block, where the recipe leaves it open: most of BERT's own steps saw that many


@dataclass(frozen=True)
class Learner:
    """What learns: a module with `backbone`, `pooling`, `hf` and `new` (its parameters that no checkpoint gave).

    `alone_steps` is how many steps the new ones first take by themselves, the backbone as it is.
    """

    module: Any
    objective: Objective
    alone_steps: int = 0
