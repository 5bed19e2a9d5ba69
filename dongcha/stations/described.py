"""Let labels be told apart by descriptions: refuse what cannot be, shape the head, say what was assumed.

The way is `adapt: zero_shot` (the model itself) or `evaluate.before: zero_shot` (a row of the table); both take the
same options, `tasks/_described.py`.
"""

from collections.abc import Callable
from functools import partial

from dongcha.config import Recipe
from dongcha.errors import RecipeError
from dongcha.locale import say
from dongcha.models.heads._base import HeadSpec
from dongcha.models.probe import has_directions, is_as_it_is
from dongcha.registry import METHODS, find
from dongcha.tasks._base import Task
from dongcha.tasks._cloze import misfit_of_cloze
from dongcha.tasks._described import ZeroShot, misfit, misfit_of_pairs
from dongcha.tasks._rows import refuse_option
from dongcha.train.decide import method_options

ADAPT, BEFORE = "adapt", "evaluate.before"
TASKS = ("classification", "tagging")  # those whose outputs are labels that a description can stand for
APART = ("choice", "pairs")  # those whose texts can be read each by itself, and compared as they are


def described(recipe: Recipe, path: str) -> ZeroShot | None:
    """Return the options of a method that reads descriptions, at `adapt` or `evaluate.before`; None for another one."""
    found = method_options(recipe, path, METHODS[path])
    return found if isinstance(found, ZeroShot) else None


def named_labels(recipe: Recipe) -> tuple[str, ...]:
    """Return the labels that a recipe describes, which are all there are where training rows have none."""
    options = described(recipe, ADAPT)
    return () if options is None else tuple(options.descriptions)


def refuse_misfit(recipe: Recipe, task: Task) -> None:
    """Refuse a task whose answers no description can tell apart, and descriptions that do not fit its labels."""
    if not trains(recipe) and described(recipe, BEFORE):
        raise RecipeError(recipe.at(BEFORE, say("stations.same_before")))
    for path in (ADAPT, BEFORE):
        options = described(recipe, path)
        if options is None:
            continue
        if path == ADAPT and is_as_it_is(task.head):
            if options.model_dump(exclude_defaults=True):
                raise RecipeError(recipe.at(path, say("stations.nothing_described", task=task.name)))
            continue
        if has_directions(task.head):  # labels of two texts that are read apart
            refuse_option(recipe, path, misfit_of_pairs(options, task.labels))
            continue
        if task.name not in TASKS:
            key = "stations.no_descriptions_apart" if task.name in APART else "stations.no_descriptions_here"
            told = say(key, path=path, task=task.name, tasks=", ".join(TASKS))
            raise RecipeError(recipe.at(path, told))
        wrong = misfit(options, task.labels)
        if options.by == "cloze" and task.name != TASKS[0]:
            told = say("stations.no_descriptions_here", path=f"{path}.by", task=task.name, tasks=TASKS[0])
            raise RecipeError(recipe.at(f"{path}.by", told))
        if options.by == "cloze":
            if path == BEFORE:
                raise RecipeError(recipe.at(f"{path}.by", say("stations.cloze_before")))
            wrong = misfit_of_cloze(options) or wrong
        refuse_option(recipe, path, ("alike", say("stations.alike_elsewhere")) if options.alike is not None else wrong)


def trains(recipe: Recipe) -> bool:
    """Tell whether any weight is trained."""
    return bool(getattr(find("adapt", recipe.adapt.method), "TRAINS", True))


def shaped_by(recipe: Recipe) -> Callable[[HeadSpec], HeadSpec]:
    """Return what the way to adapt wants of the head."""
    shaped = getattr(find("adapt", recipe.adapt.method), "shaped", None)
    return (lambda spec: spec) if shaped is None else partial(shaped, options=method_options(recipe, ADAPT, ADAPT))


def told_of(recipe: Recipe, head: str, *, unlabelled: bool) -> list[str]:
    """Say what a user should know of labels that are told apart by descriptions, of texts that may have none."""
    options, found = described(recipe, ADAPT), []
    if not trains(recipe):
        found.append(say("stations.nothing_trained"))
    if unlabelled:
        found.append(say("stations.unlabelled"))
    if is_as_it_is(head):
        return found
    options = options or described(recipe, BEFORE)
    if options is not None and not options.descriptions and options.alike is None:
        found.append(say("stations.described_by_names"))
    if options is not None and options.calibrate:
        found.append(say("stations.taken_as_balanced"))
    return found
