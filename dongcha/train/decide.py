"""Decide what the recipe left open: `auto` becomes a number, written back into the resolved recipe."""

from collections.abc import Callable, Mapping
from typing import Any

from dongcha.config import Recipe
from dongcha.errors import RecipeError
from dongcha.loop import LoopSettings
from dongcha.registry import METHODS, find
from dongcha.train import auto
from dongcha.train.auto import Measures

RULES = {
    "epochs": auto.epochs,
    "learning_rate": auto.learning_rate,
    "head_learning_rate": auto.head_learning_rate,
    "batch_tokens": auto.batch_tokens,
    "head_start": auto.head_start,
}
OF_THE_MACHINE = {"precision": auto.precision}


def refuse_unknown_methods(recipe: Recipe) -> None:
    """Find each method that a recipe names, and check its options, before any work is done.

    How to pretrain may be left to what the model is; it is found once that is known.
    """
    for path, kind in METHODS.items():
        if path != "pretrain" or (recipe.pretrain is not None and recipe.pretrain.method != "auto"):
            method_options(recipe, path, kind)


def choices(recipe: Recipe, measures: Measures) -> dict[str, Any]:
    """Return what the rules say for every `auto` of `train:`, by dotted key; dropout is the model's own."""
    rules: dict[str, Callable[[Measures], Any]] = {**RULES, **OF_THE_MACHINE, "dropout": lambda m: m.dropout}
    return {f"train.{key}": rule(measures) for key, rule in rules.items() if getattr(recipe.train, key) == "auto"}


def decide(recipe: Recipe, measures: Measures) -> Recipe:
    """Return the recipe with every `auto` of `train:` replaced by what its rule says."""
    chosen = choices(recipe, measures)
    return recipe.replace(chosen) if chosen else recipe


def loop_settings(recipe: Recipe) -> LoopSettings:
    """Return the loop's settings of a recipe without `auto`; method options are checked by the methods' own files."""
    train: Any = recipe.train
    stopping = train.early_stopping
    return LoopSettings(
        seed=recipe.seed,
        epochs=train.epochs,
        batch_tokens=train.batch_tokens,
        learning_rate=train.learning_rate,
        head_learning_rate=train.head_learning_rate,
        accumulation=train.accumulation,
        optimizer=train.optimizer.method,
        optimizer_options=_options(recipe, "train.optimizer"),
        weight_decay=train.weight_decay,
        schedule=train.schedule.method,
        schedule_options=_options(recipe, "train.schedule"),
        warmup=train.warmup,
        average=train.average.method,
        average_options=_options(recipe, "train.average"),
        precision=train.precision,
        clip_norm=train.clip_norm,
        task_temperature=train.task_temperature,
        validate_steps=None if train.validate == "epoch" else train.validate,
        patience=None if stopping is None else stopping.patience,
    )


def method_options(recipe: Recipe, path: str, kind: str) -> Any:
    """Return the options of the method that a recipe names at `path`, checked by the method's own class."""
    section: Any = recipe
    for part in path.split("."):
        section = getattr(section, part)
    try:
        module = find(kind, section.method)
    except RecipeError as error:  # the registry knows names, not where they were written
        raise RecipeError(recipe.at(path, str(error))) from None
    return recipe.options(path, module.Options)


def _options(recipe: Recipe, path: str) -> Mapping[str, Any]:
    options: Mapping[str, Any] = method_options(recipe, path, METHODS[path]).model_dump()
    return options


def unusual_rate(recipe: Recipe) -> bool:
    """Tell whether the backbone's rate lies outside what full fine-tuning of pretrained encoders uses."""
    rate = recipe.train.learning_rate
    low, high = auto.USUAL_RATES
    return recipe.adapt.method not in ("head", "lora") and isinstance(rate, float) and not low <= rate <= high
