"""Choose what trains: mark each parameter of a model, by the method that the recipe names."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dongcha import files
from dongcha.models.adapted import Adapted
from dongcha.models.anatomy import Anatomy, inspect
from dongcha.models.model import Model
from dongcha.registry import find
from dongcha.types import Watch, silent


def adapt(model: Model, method: str, options: BaseModel, *, seed: int = 0, watch: Watch = silent) -> Adapted:
    """Mark the parameters that train; all others get no gradient. A method may say that not even the head does.

    One that adds parameters puts them in first, drawn from `seed`; `release` takes them out again, `finish` makes them
    part of the model.
    """
    module: Any = find("adapt", method)
    anatomy: Anatomy = inspect(model.module)
    if hasattr(module, "prepare"):
        module.prepare(model.module, anatomy, options, seed)
        anatomy = inspect(model.module)
    head = frozenset(anatomy.head) if getattr(module, "TRAINS", True) else frozenset()
    trained = frozenset(module.trained(anatomy, options)) | head
    for name, parameter in model.module.named_parameters():
        parameter.requires_grad_(name in trained)
    names = tuple(name for name, _ in model.module.named_parameters() if name in trained)
    watch("adapted", method=method, trained=len(names))
    return Adapted(model, names, frozenset(anatomy.head))


def release(model: Model, method: str) -> None:
    """Take out what a method put into a model; most put in nothing."""
    undo = getattr(find("adapt", method), "release", None)
    if undo is not None:
        undo(model.module)


def finish(model: Model, method: str, folder: Path) -> None:
    """Make what a method put into a model part of it; what is worth keeping of it by itself is written to `folder`."""
    end = getattr(find("adapt", method), "finish", None)
    if end is not None:
        with files.new_folder(folder) as new:
            end(model.module, new)
