"""Choose what trains: mark each parameter of a model, by the method that the recipe names."""

from typing import Any

from pydantic import BaseModel

from dongcha.models.adapted import Adapted
from dongcha.models.anatomy import Anatomy, inspect
from dongcha.models.model import Model
from dongcha.registry import find
from dongcha.types import Watch, silent


def adapt(model: Model, method: str, options: BaseModel, *, watch: Watch = silent) -> Adapted:
    """Mark the parameters that train; all others get no gradient. A method may say that not even the head does."""
    anatomy: Anatomy = inspect(model.module)
    module: Any = find("adapt", method)
    head = frozenset(anatomy.head) if getattr(module, "TRAINS", True) else frozenset()
    trained = frozenset(module.trained(anatomy, options)) | head
    for name, parameter in model.module.named_parameters():
        parameter.requires_grad_(name in trained)
    names = tuple(name for name, _ in model.module.named_parameters() if name in trained)
    watch("adapted", method=method, trained=len(names))
    return Adapted(model, names, frozenset(anatomy.head))
