"""Build the model that a task trains: head as the task names it, tokenizer as the task needs it.

A recipe has one `task`, or several `tasks`; both come out as one Task here, and nothing that follows tells them apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from dongcha.config import Recipe
from dongcha.data.dataset import Dataset
from dongcha.data.splits import Splits
from dongcha.data.union import rows_of
from dongcha.errors import DataError, ModelError, RecipeError
from dongcha.index import Index, open_index
from dongcha.locale import say
from dongcha.models.heads._base import HeadSpec
from dongcha.models.heads.sequence import own_pooling
from dongcha.models.heads.several import KINDS
from dongcha.models.model import Model, build_model
from dongcha.models.source import Source
from dongcha.registry import find
from dongcha.tasks._base import Lengths, Searches, Task, Writes, is_numeric
from dongcha.tasks._in_context import IN_CONTEXT, InContext
from dongcha.tasks._rows import prefixes, refuse_in_vain, refuse_option, refuse_rows_per_label, task_file
from dongcha.tasks._several import NAME, Part, Several, parts_of

TOGETHER, APART = "together", "apart"  # how the texts of a row are read
INDEX = "index"  # folder beside a model that searches


def learn(recipe: Recipe, splits: Splits, named: Sequence[str] = ()) -> Task:
    """Make the task of a recipe from its training rows, where its labels are found, and from what it searches.

    Where these rows have no targets, its labels are those that were `named`.
    """
    train = splits.by_name["train"]
    alone = task_file(recipe)
    lengths = lengths_of(recipe, [alone] if alone else [find("tasks", entry.task) for entry in recipe.tasks or ()])
    if splits.unlabelled:
        others = [rows for name, rows in splits.by_name.items() if name != "train"]
        task: Any = alone.Task.untaught(named, others, lengths)
    elif alone is not None:
        task = alone.Task.learn(train, lengths)
    else:
        parts = [
            _learn_part(Part(entry.named, find("tasks", entry.task).Task, entry.weight, prefix), train, lengths)
            for entry, prefix in zip(recipe.tasks or (), prefixes(recipe), strict=True)
        ]
        for part in (part for part in parts if part.task.head not in KINDS):  # pairs whose texts are read apart
            raise RecipeError(recipe.at("tasks", say("config.tasks_alone", task=part.task.name)))
        task = Several(tuple(parts))
    refuse_what_needs_labels(recipe, task, splits)
    method = find("adapt", recipe.adapt.method)
    if hasattr(method, "taught"):  # the way to adapt is a way to ask
        refuse_other_tasks(recipe, task, method.TASKS)
        options = recipe.options("adapt", method.Options)
        refuse_option(recipe, "adapt", method.misfit(task, options))
        weighed: Task = method.taught(task, train, options)
        return weighed
    if isinstance(task, Writes):
        return task.asked(recipe.data.prompt, recipe.evaluate.decoding)
    refuse_what_needs_writing(recipe)
    if not isinstance(task, Searches):
        learnt: Task = task
        return learnt
    Index.create((), (), np.zeros((0, 1), np.float32))  # a library that it lacks is told now, not after training
    return task.searching(splits)


def refuse_what_needs_writing(recipe: Recipe) -> None:
    """Refuse keys that only a task heeds whose answers are text."""
    usual = type(recipe.evaluate)().decoding
    asked = {"data.prompt": recipe.data.prompt is not None, "evaluate.decoding": recipe.evaluate.decoding != usual}
    refuse_in_vain(recipe, asked, "config.needs_writing")


def refuse_other_tasks(recipe: Recipe, task: Any, known: Sequence[str]) -> None:
    """Refuse a task, or labels several at once, that a way to adapt does not serve."""
    if task.name not in known or getattr(task, "multi", False):
        facts = {"path": "adapt", "method": recipe.adapt.method, "tasks": ", ".join(known)}
        raise RecipeError(recipe.at("adapt", say("stations.other_tasks", task=task.name, **facts)))


def _learn_part(part: Part, train: Dataset, lengths: Lengths) -> Part:
    """Learn one of several tasks; `part` holds its class still, whose `a|b` is settled by what the rows have."""
    kind: Any = part.task
    train = rows_of(train, part.name)
    given = [name for field in kind.fields[kind.num_inputs :] for name in field.split("|")]
    names = {part.told(name): name for name in given} if part.prefix else {}
    own = train.table.drop_columns([name for name in given if names and name in train.table.column_names])
    table = own.rename_columns([names.get(name, name) for name in own.column_names])
    return replace(part, task=kind.learn(replace(train, table=table), lengths))


def lengths_of(recipe: Recipe, modules: list[Any]) -> Lengths:
    """Return how long texts are met; of several tasks, in windows where one of them reads in windows."""
    asked = recipe.data.long_texts
    for module in modules:
        if asked == "windows" and not getattr(module, "TAKES_WINDOWS", True):
            name = module.Task.name
            raise RecipeError(say("stations.no_windows", place=recipe.place("data.long_texts"), task=name))
    usual = "windows" if any(module.LONG_TEXTS == "windows" for module in modules) else "truncate"
    max_tokens = None if recipe.data.max_tokens == "auto" else recipe.data.max_tokens
    long_texts = usual if asked == "auto" else asked
    pairs = TOGETHER if recipe.data.pairs == "auto" else recipe.data.pairs
    return Lengths(max_tokens=max_tokens, long_texts=long_texts, pairs=pairs)


def with_pairs_read(recipe: Recipe, splits: Splits, source: Source) -> Recipe:
    """Return the recipe with `data.pairs: auto` decided, where the task has a rule for it (`reads_apart`)."""
    rule = getattr(task_file(recipe), "reads_apart", None)
    if recipe.data.pairs != "auto" or rule is None:
        return recipe
    apart = rule(splits.by_name["train"].columns, own_pooling(source.folder) is not None)
    return recipe.replace({"data.pairs": APART if apart else TOGETHER})


UNSMOOTHED = ("in_batch", "next_token")  # losses over other texts, and over texts to be written


def refuse_what_needs_labels(recipe: Recipe, task: Task, splits: Splits) -> None:
    """Refuse what a task cannot heed: weights of classes where it has none, and of numbers what asks for odds."""
    is_number, train = is_numeric(task), splits.by_name["train"]
    weighs = recipe.train.class_weights != "none"
    asked = {
        "train.class_weights": weighs and (splits.unlabelled or not task.class_weights(train)),
        "train.label_smoothing": bool(recipe.train.label_smoothing) and (is_number or task.loss in UNSMOOTHED),
        "evaluate.unsure_below": recipe.evaluate.unsure_below is not None and is_number,
    }
    refuse_in_vain(recipe, asked)
    wholes = getattr(find("models.heads", task.head), "WHOLE", ())
    in_parts = recipe.train.accumulation > 1 and task.loss in wholes
    refuse_in_vain(recipe, {"train.accumulation": in_parts}, "config.whole_batches")
    refuse_rows_per_label(recipe, task.fields)


def task_of(model: Model) -> Task:
    """Rebuild the task of a saved model from its card."""
    # a model in memory has its longest text in its tokenizer alone
    return task_from({"max_tokens": model.tokenizer.max_tokens, **model.card})


def task_from(card: Mapping[str, Any]) -> Task:
    """Rebuild a task, or several, from a card."""
    kind: Any = Several if card["task"] == NAME else find("tasks", card["task"]).Task
    task: Task = kind.from_card(card)
    return cast("Task", InContext.from_card(task, card)) if IN_CONTEXT in card else task


def keep_passages(task: Task, folder: Path) -> None:
    """Write what a task searches, with its vectors, beside its model in `folder`; nothing for other tasks."""
    if isinstance(task, Searches):
        searched = task.passages
        index = Index.create(searched.ids, searched.texts, searched.vectors, card={"task": task.name})
        index.save(folder / INDEX)


def saved_task(model: Model, folder: Path) -> Task:
    """Rebuild the task of a model that was loaded from `folder`, with what it searches."""
    task = task_of(model)
    if isinstance(task, Writes):
        return task.reading(model.tokenizer)
    if not isinstance(task, Searches):
        return task
    if not (folder / INDEX).is_dir():
        raise ModelError(say("tasks.no_index", folder=folder / INDEX))
    try:
        index = open_index(folder / INDEX)
    except DataError as error:
        raise ModelError(say("tasks.index", error=error)) from error
    return task.over(index.ids, index.texts(index.ids), np.asarray(index.rows.vectors))


def model_for(
    recipe: Recipe,
    task: Task,
    source: Source,
    train: Dataset,
    shaped: Callable[[HeadSpec], HeadSpec] = lambda spec: spec,
) -> Model:
    """Build backbone, head and tokenizer; new weights are drawn from the recipe's seed.

    `shaped` is what the way to adapt wants of the head beside what the task does.
    """
    spec = shaped(spec_of(recipe, task, train))
    model = build_model(source.folder, spec, max_tokens=task.lengths.max_tokens, seed=recipe.seed, card=task.card())
    if task.isolates_cjk and model.tokenizer.joins_cjk():
        model.tokenizer.isolate_cjk()
    return model


def spec_of(recipe: Recipe, task: Task, train: Dataset) -> HeadSpec:
    """Return what a task asks of its head; several tasks ask for one each."""
    options = recipe.train
    several: tuple[Part, ...] = parts_of(task) if task.name == NAME else ()
    parts = [replace(spec_of(recipe, p.task, p.learnt_from(train)), part=p.name, weight=p.weight) for p in several]
    return HeadSpec(
        name=task.head,
        num_outputs=task.num_outputs,
        loss=task.loss,
        label_smoothing=options.label_smoothing,
        class_weights=task.class_weights(train) if options.class_weights == "balanced" and not several else (),
        dropout=None if options.dropout == "auto" else options.dropout,
        labels=task.output_names,
        parts=tuple(parts),
    )
