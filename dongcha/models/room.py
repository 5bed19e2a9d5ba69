"""Run features in batches without gradients, in smaller ones from then on where memory does not suffice.

In: features, a budget of padded tokens, what computes a batch. Out: (indices, outputs) batch by batch, longest features
first. Knows no model. What a feature gives does not depend on its batch but for rounding.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dongcha.data.features import Features
from dongcha.data.plan import plan_inference
from dongcha.errors import MachineError, is_out_of_memory
from dongcha.locale import say
from dongcha.types import Watch, silent

Outputs = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass
class Room:
    """Padded tokens that memory holds at once, as far as was found out; `watch` is told when they are fewer.

    What one pass finds out holds for all later ones of a model: each would fail again.
    """

    tokens: float = math.inf
    watch: Watch = silent
    is_news: bool = False

    def halve(self, tried: float, longest: int) -> None:
        """Take half of what was tried for the room; raises MachineError where that was one text already."""
        if tried <= longest:
            raise MachineError(say("model.no_memory", tokens=longest))
        self.tokens, self.is_news = tried // 2, True

    def tell(self) -> None:
        """Tell once, at the end of a pass, what it found out."""
        if self.is_news:
            self.is_news = False
            self.watch("inference_halved", tokens=int(self.tokens))


def in_batches(
    features: Features, batch_tokens: int, compute: Callable[[np.ndarray], np.ndarray], room: Room
) -> Outputs:
    """Yield (indices, what `compute` makes of them); raises MachineError where one text alone does not fit."""
    waiting = planned(features, np.arange(len(features)), min(batch_tokens, room.tokens))
    at = 0
    while at < len(waiting):
        out = attempted(compute, waiting[at])
        if out is None:  # the error that held the failed try's tensors is gone
            lengths = features.lengths[waiting[at]]
            room.halve(min(batch_tokens, room.tokens, len(lengths) * int(lengths.max())), int(lengths.max()))
            rest = np.sort(np.concatenate(waiting[at:]))
            waiting, at = planned(features, rest, min(batch_tokens, room.tokens)), 0
            continue
        yield waiting[at], out
        at += 1
    room.tell()


def planned(features: Features, rest: np.ndarray, tokens: float) -> list[np.ndarray]:
    """Plan the features that are left (growing indices, no group in part), longest first."""
    groups = None if features.groups is None else np.asarray(features.groups)[rest]
    return [rest[batch] for batch in plan_inference(features.lengths[rest], int(tokens), groups)]


def attempted(compute: Callable[[np.ndarray], np.ndarray], indices: np.ndarray) -> np.ndarray | None:
    """Compute a batch; None where memory does not suffice."""
    try:
        return compute(indices)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None
