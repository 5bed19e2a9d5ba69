"""Refuse what does not go together, by one rule each.

In: a recipe whose keys are each fine by themselves. Out: the refusals. Only values that differ from their defaults can
conflict, so a resolved recipe, where all is spelled out, reads back.
"""

from collections.abc import Iterator

from dongcha.config.kinds import PerLabel, Refused
from dongcha.config.places import KeyPath
from dongcha.config.sections import Data, Sections, Split

SCRATCH_METHOD = "mlm"
_SPLITS = ("train", "validation", "test")


def conflicts(recipe: Sections) -> Iterator[Refused]:
    """Yield what does not go together, each with the path of the key to change."""
    for rule in (_tasks, _names, _given_and_split, _shares, _left_over, _ways_to_split, _scratch, _unused):
        yield from rule(recipe)


def _refused(path: str, key: str, **values: object) -> Refused:
    parts: KeyPath = tuple(path.split("."))
    return Refused(key, parts, **values)


def _tasks(recipe: Sections) -> Iterator[Refused]:
    """One task, or several that are told apart by their names."""
    if recipe.tasks is None:
        if recipe.task is None:
            yield _refused("task", "config.no_task" if "task" in recipe.model_fields_set else "config.which_task")
        return
    if recipe.task is not None:
        yield _refused("tasks", "config.task_and_tasks", task=recipe.task)
    if len(recipe.tasks) < 2:
        yield _refused("tasks", "config.one_task")
    seen: set[str] = set()
    for number, entry in enumerate(recipe.tasks):
        if entry.named in seen:
            yield Refused("config.task_name_twice", ("tasks", number), name=entry.named)
        seen.add(entry.named)


def _names(recipe: Sections) -> Iterator[Refused]:
    for name in recipe.data.tests:
        if name in _SPLITS:
            yield Refused("config.test_name", ("data", "tests", name), name=name)


def _changed(data: Data, part: str) -> bool:
    return bool(getattr(data.split, part) != getattr(Split(), part))


def _given_and_split(recipe: Sections) -> Iterator[Refused]:
    for part in ("validation", "test"):
        if getattr(recipe.data, part) is not None and _changed(recipe.data, part):
            yield _refused(f"data.split.{part}", "config.given_and_split", part=part)


def _shares(recipe: Sections) -> Iterator[Refused]:
    data, split = recipe.data, recipe.data.split
    parts = [split.train]
    parts += [split.validation] if data.validation is None else []
    parts += [split.test] if data.test is None and split.train is None else []
    shares = [share for share in parts if isinstance(share, float | int)]
    total = sum(shares)
    # With `train` set, test takes what is left, so all rows may be spoken for only when a test file is given.
    full = total > 1 + 1e-9 if data.test is not None and split.train is not None else total >= 1 - 1e-9
    if full and shares:
        yield _refused("data.split", "config.shares", total=f"{total:g}")


def _left_over(recipe: Sections) -> Iterator[Refused]:
    if recipe.data.split.train is not None and recipe.data.test is None and _changed(recipe.data, "test"):
        yield _refused("data.split.test", "config.left_over")


def _ways_to_split(recipe: Sections) -> Iterator[Refused]:
    data, split = recipe.data, recipe.data.split
    if split.group and split.by_time:
        yield _refused("data.split.by_time", "config.group_and_time")
    way = "group" if split.group else "by_time" if split.by_time else None
    if way:
        for part in _SPLITS:
            if isinstance(getattr(split, part), PerLabel):
                yield _refused(f"data.split.{part}", "config.per_label_and_way", way=way)
        if data.validation is not None and data.test is not None and split.train is None:
            yield _refused(f"data.split.{way}", "config.nothing_to_split", way=way)


def _scratch(recipe: Sections) -> Iterator[Refused]:
    """Give a model from scratch something to read, by a method that such a model can begin with."""
    if isinstance(recipe.model, str):
        return
    if recipe.pretrain is None:
        yield _refused("model", "config.scratch_unread")
    elif recipe.pretrain.corpus is None:
        yield _refused("pretrain", "config.scratch_no_corpus")
    elif recipe.pretrain.method != SCRATCH_METHOD:
        yield _refused("pretrain.method", "config.scratch_method", found=recipe.pretrain.method, wanted=SCRATCH_METHOD)


def _unused(recipe: Sections) -> Iterator[Refused]:
    if recipe.data.corpus is not None and recipe.task != "retrieval":
        yield _refused("data.corpus", "config.corpus")
    if recipe.data.pairs == "apart" and recipe.task not in ("pairs", "choice"):
        yield _refused("data.pairs", "config.no_pairs")
    if recipe.train.hard_negatives and recipe.task != "retrieval":
        yield _refused("train.hard_negatives", "config.no_negatives")
    no_validation = recipe.data.validation is None and recipe.data.split.validation == 0
    if no_validation and recipe.train.early_stopping not in (None, type(recipe.train)().early_stopping):
        yield _refused("train.early_stopping", "config.no_validation")
