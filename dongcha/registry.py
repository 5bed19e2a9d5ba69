"""Find the file that implements a name: a kind of thing plus a name gives a module, imported only when it is named.

In: a kind (a package below `dongcha`, such as `tasks` or `models.heads`) and a name (a file in it). Out: the module.
Entry points of the group `dongcha.<kind>` add strangers' modules by the same door. Knows nothing of what modules hold.
"""

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

from dongcha.errors import RecipeError
from dongcha.locale import say

# Where a recipe names a method, and of which kind it is.
METHODS = {
    "pretrain": "pretrain",
    "adapt": "adapt",
    "train.optimizer": "loop.optimizers",
    "train.schedule": "loop.schedules",
    "train.average": "loop.averages",
    "evaluate.before": "evaluate.before",
}


@cache
def names(kind: str) -> tuple[str, ...]:
    """List the names of a kind: its files, but those that open with an underscore and the verb's own; entry points."""
    package = importlib.import_module(f"dongcha.{kind}")
    verb = kind.rpartition(".")[2]
    own = [m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_") and m.name != verb]
    strangers = [point.name for point in entry_points(group=f"dongcha.{kind}")]
    return tuple(sorted({*own, *strangers}))


@cache
def find(kind: str, name: str) -> ModuleType:
    """Import the module that implements `name`; an unknown name is refused with the nearest one."""
    for point in entry_points(group=f"dongcha.{kind}"):
        if point.name == name:
            return importlib.import_module(point.value)
    if name not in names(kind):
        near = get_close_matches(name, names(kind), n=1)
        key = "registry.unknown_near" if near else "registry.unknown"
        place = next((recipe_key for recipe_key, own in METHODS.items() if own == kind), kind)
        raise RecipeError(say(key, kind=place, name=name, near=near[0] if near else "", all=", ".join(names(kind))))
    return importlib.import_module(f"dongcha.{kind}.{name}")
