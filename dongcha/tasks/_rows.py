"""Say which rows a recipe's task reads, or its several tasks, and read them.

In: a recipe. Out: the fields of a row, and `Splits`. Where several tasks have data of their own, the rows of all, each
knowing whose it is.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from dongcha.config import Recipe
from dongcha.config.kinds import PerLabel
from dongcha.config.sections import Data, Rows
from dongcha.data.dataset import WORDS
from dongcha.data.fields import form
from dongcha.data.splits import Splits, read_splits
from dongcha.data.union import Share, union
from dongcha.errors import RecipeError
from dongcha.locale import say
from dongcha.models.heads.several import KINDS
from dongcha.registry import find
from dongcha.tasks import _reading
from dongcha.tasks._base import Untaught


def task_file(recipe: Recipe) -> Any:
    """Return the file of a recipe's one task, or of none; None where there are several."""
    if recipe.reads_only:
        return _reading
    return None if recipe.task is None else find("tasks", recipe.task)


def fields_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the fields of a recipe's rows, inputs first; `a|b` stands for the one that a file has.

    Raises RecipeError where tasks cannot stand side by side.
    """
    alone = task_file(recipe)
    if alone is not None:
        fields: tuple[str, ...] = alone.Task.fields
        return fields
    refuse_strangers(recipe)
    kinds = [find("tasks", entry.task).Task for entry in recipe.tasks or ()]
    inputs = kinds[0].fields[: kinds[0].num_inputs]
    targets = zip(prefixes(recipe), kinds, strict=True)
    return (*inputs, *(_told(field, prefix) for prefix, kind in targets for field in kind.fields[kind.num_inputs :]))


def _told(field: str, prefix: str) -> str:
    return "|".join(f"{prefix}{name}" for name in field.split("|"))


def prefixes(recipe: Recipe) -> list[str]:
    """Return what stands before each task's targets: its name, where another task has a target of the same name."""
    targets = [_targets(entry.task) for entry in recipe.tasks or ()]
    shared = Counter(name for names in targets for name in names)
    return [
        f"{entry.named}." if any(shared[name] > 1 for name in names) else ""
        for entry, names in zip(recipe.tasks or (), targets, strict=True)
    ]


def _targets(task: str) -> set[str]:
    kind = find("tasks", task).Task
    return {name for field in kind.fields[kind.num_inputs :] for name in field.removesuffix("?").split("|")}


def refuse_strangers(recipe: Recipe) -> None:
    """Refuse tasks that cannot stand side by side: other inputs, a head of its own kind, columns of no target."""
    entries = recipe.tasks or ()
    kinds = [find("tasks", entry.task).Task for entry in entries]
    first = kinds[0].fields[: kinds[0].num_inputs]
    for entry, kind in zip(entries, kinds, strict=True):
        inputs = kind.fields[: kind.num_inputs]
        alone = getattr(find("tasks", entry.task), "STANDS_ALONE", False)
        if alone or getattr(kind, "head", "sequence") not in KINDS:
            told = say("config.tasks_alone", task=entry.task)
        elif inputs != first:
            facts = {"first": entries[0].named, "reads": ", ".join(first), "other": ", ".join(inputs)}
            told = say("config.tasks_inputs", task=entry.named, **facts)
        elif "tags" in entry.columns and entry.data is None and _shares_spans(recipe):
            told = say("config.tasks_tags", task=entry.named)
        elif strange := sorted({*entry.columns} - _targets(entry.task) - {"tags"}):
            told = say(
                "config.tasks_columns", task=entry.named, field=strange[0], own=", ".join(sorted(_targets(entry.task)))
            )
        else:
            continue
        raise RecipeError(recipe.at("tasks", told))


def _shares_spans(recipe: Recipe) -> bool:
    """Tell whether several tasks have spans, so that tags of a file say no longer whose they are."""
    return sum("spans" in _targets(entry.task) for entry in recipe.tasks or ()) > 1


def data_of(recipe: Recipe) -> Data:
    """Return the recipe's data with the columns that its tasks name for their own targets."""
    if recipe.tasks is None:
        return recipe.data
    columns = dict(recipe.data.columns)
    for prefix, entry in zip(prefixes(recipe), recipe.tasks or (), strict=True):
        usual = {field: recipe.data.columns.get(field, (field,)) for field in _targets(entry.task) if prefix}
        columns |= {f"{prefix}{field}": names for field, names in (usual | entry.columns).items()}
    return recipe.data.model_copy(update={"columns": columns})


def columns_read(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Return the columns of the file by field, as the recipe names them; of several files' those that they agree on."""
    own = [entry.data.columns for entry in recipe.tasks or () if entry.data is not None]
    if not own:
        return dict(data_of(recipe).columns)
    return {field: names for field, names in own[0].items() if all(other.get(field) == names for other in own)}


def read_rows(recipe: Recipe, cache: Path | None, *, learns: bool = True) -> Splits:
    """Read the rows of a recipe; where each of several tasks has data of its own, all, and whose each row is.

    Where nothing `learns` from targets, the rows of train may be without, if the task can be had so.
    """
    fields = fields_of(recipe)
    refuse_rows_per_label(recipe, fields)
    options: dict[str, Any] = {"seed": recipe.seed, "base": recipe.folder, "cache": cache}
    own_data = [(entry, entry.data) for entry in recipe.tasks or () if entry.data is not None]
    if not own_data:
        needs_targets = learns or not isinstance(getattr(task_file(recipe), "Task", None), Untaught)
        return read_splits(data_of(recipe), fields, given=recipe.given, need_targets=needs_targets, **options)
    shares = []
    for number, (prefix, (entry, rows)) in enumerate(zip(prefixes(recipe), own_data, strict=True)):
        kind = find("tasks", entry.task).Task
        own = {name: getattr(rows, name) for name in Rows.model_fields}
        data = recipe.data.model_copy(update=own | {"columns": own["columns"] | dict(entry.columns)})

        def given(key: str, number: int = number) -> str:
            return recipe.given(f"tasks.{number}.{key}")

        splits = read_splits(data, kind.fields, given=given, **options)
        targets = {field: f"{prefix}{field}" for field in _targets(entry.task)}
        inputs = {field: field for field in (*kind.fields[: kind.num_inputs], WORDS)}
        shares.append(Share(entry.named, splits, inputs | targets))
    return union(shares)


def refuse_rows_per_label(recipe: Recipe, fields: tuple[str, ...]) -> None:
    """Refuse a split by so many rows a label where a row has no label; `fields` may be as a file can have them."""
    places: list[tuple[str, Rows, tuple[str, ...]]] = [
        (f"tasks.{i}.data", entry.data, find("tasks", entry.task).Task.fields)
        for i, entry in enumerate(recipe.tasks or ())
        if entry.data is not None
    ]
    for path, data, names in places or [("data", recipe.data, fields)]:
        has_label = any("label" in map(form, field.split("|")) for field in names)
        wishes = {f"{path}.split.{part}": getattr(data.split, part) for part in ("train", "validation", "test")}
        refuse_in_vain(recipe, {key: isinstance(wish, PerLabel) and not has_label for key, wish in wishes.items()})


def refuse_option(recipe: Recipe, path: str, wrong: tuple[str, str] | None) -> None:
    """Refuse an option of a method at its place, with the sentence on it."""
    if wrong:
        place = f"{path}.{wrong[0]}"
        raise RecipeError(recipe.at(place, f"{place}: {wrong[1]}"))


def refuse_in_vain(recipe: Recipe, asked: dict[str, bool], key: str = "config.needs_labels") -> None:
    """Refuse keys that were set in vain: what they ask for needs labels, or what else the message of `key` says."""
    for path in (path for path, in_vain in asked.items() if in_vain):
        raise RecipeError(recipe.at(path, say(key, path=path, task=recipe.task_name)))
