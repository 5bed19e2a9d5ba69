"""Tasks, one file each: which fields a row has, its labels, how rows become features and outputs predictions.

A task knows numpy and the words of `types`; it names its head, metrics and baselines and never touches a framework.
`Labelled` and `Scored` are what a task with one answer a row is made of; they are imported when they are named.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dongcha.tasks._labelled import Labelled
    from dongcha.tasks._scored import Scored

__all__ = ["Labelled", "Scored"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}._{name.lower()}"), name)
