"""Splits in, checks out: each file is one look at the data, and trains nothing that is kept.

`run_checks` runs them in a fixed order, with a stranger's checks (entry points `dongcha.data.checks`) last. A check
is a module with `check(view) -> list[Check]`; it never changes data and never raises on odd rows.
"""

from collections.abc import Iterable

from dongcha import registry
from dongcha.data.checks._base import View
from dongcha.types import Check

KIND = "data.checks"
ORDER = (
    *("merged", "labels", "solutions", "duplicates", "lengths", "unknown", "language", "personal"),
    *("gap", "gap_model"),
)
ON_REQUEST = ("label_errors",)  # trains a small model over all rows: seconds to minutes
METHODS = (*ORDER, *ON_REQUEST)


def run_checks(view: View, names: Iterable[str] | None = None) -> tuple[Check, ...]:
    """Run the named checks, by default all but those on request, and return their findings in a fixed order.

    Raises RecipeError for a name that is no check, MissingExtra where one that was asked for needs a library.
    """
    strangers = [name for name in registry.names(KIND) if name not in METHODS]
    chosen = [*ORDER, *strangers] if names is None else list(names)
    place = {name: index for index, name in enumerate((*METHODS, *strangers))}
    chosen.sort(key=lambda name: place.get(name, len(place)))
    return tuple(found for name in chosen for found in registry.find(KIND, name).check(view))


__all__ = ["View", "run_checks"]
