"""Say which methods of pretraining fit a model, and which of them is the usual one.

In: the kind of a model, whether the task that follows writes. Out: names of methods. A method's file says in FITS which
kinds of models it is for, and in WRITES whether what it trains still writes.
"""

from dongcha.models.kind import DECODER, ENCODER, TWO_SIDED
from dongcha.registry import find, names

USUAL = {ENCODER: "mlm", DECODER: "causal", TWO_SIDED: "span_corruption"}


def writes(method: str) -> bool:
    """Tell whether a method trains a model that writes, its output layer with it."""
    return bool(getattr(find("pretrain", method), "WRITES", False))


def fitting(kind: str, *, task_writes: bool) -> list[str]:
    """Name the methods for models of a kind; before a task that writes, those alone whose model still does."""
    fits = [name for name in names("pretrain") if kind in getattr(find("pretrain", name), "FITS", (ENCODER,))]
    return [name for name in fits if writes(name) or not task_writes]
