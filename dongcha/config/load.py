"""Load a recipe file with its bases and the settings of the command line.

In: a path and `--set` strings. Out: a `Recipe`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dongcha.config.extends import read_chain
from dongcha.config.kinds import Refused
from dongcha.config.messages import Problem, its_language, raise_all, refused
from dongcha.config.overrides import read_setting
from dongcha.config.places import Document, KeyPath, overlay
from dongcha.config.recipe import Recipe
from dongcha.config.sections import SOURCES
from dongcha.errors import UserError
from dongcha.files import safe_name


def load_recipe(path: Path | str, settings: Sequence[str] = ()) -> Recipe:
    """Load and check a recipe file; settings such as "train.epochs=1" win over it, and it over what it extends.

    Raises RecipeError, `file:line:column: sentence`, of up to five sentences.
    """
    path = Path(path)
    document = read_chain(path)
    for setting in settings:
        document = overlay(document, read_setting(setting, document))
    if document.value.get("name") is None:
        document = overlay(document, Document({"name": name_from(path)}))
    recipe = Recipe.of(document, path.parent)
    with its_language(document.value):
        raise_all(_rows_inside(recipe), document)
    return recipe


def _rows_inside(recipe: Recipe) -> Iterator[Problem]:
    """Find rows written into the recipe: only Python may give rows, a file gives paths."""
    sources: dict[KeyPath, Any] = {("data", key): getattr(recipe.data, key) for key in SOURCES}
    sources |= {("data", "tests", name): source for name, source in recipe.data.tests.items()}
    sources |= {} if recipe.pretrain is None else {("pretrain", "corpus"): recipe.pretrain.corpus}
    for path, source in sources.items():
        if isinstance(source, list):
            yield refused(Refused("config.rows_in_file"), path)


def name_from(path: Path) -> str:
    """Make a safe name of a file's stem, `run` where nothing of it can stay."""
    name = re.sub(r"[^\w.\-]+", "-", path.stem).strip("-.")[:64]
    try:
        return safe_name(name)
    except UserError:
        return "run"
