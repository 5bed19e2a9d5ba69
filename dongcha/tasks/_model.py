"""Build the model that a task trains: head as the task names it, tokenizer as the task needs it."""

from pathlib import Path

import numpy as np

from dongcha.config import Recipe
from dongcha.config.kinds import PerLabel
from dongcha.data.dataset import Dataset
from dongcha.data.splits import Splits
from dongcha.errors import DataError, ModelError, RecipeError
from dongcha.index import Index, open_index
from dongcha.locale import say
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import Model, build_model
from dongcha.models.source import Source
from dongcha.registry import find
from dongcha.tasks._base import Lengths, Searches, Task, is_numeric

INDEX = "index"  # folder beside a model that searches


def learn(recipe: Recipe, splits: Splits) -> Task:
    """Make the task of a recipe from its training rows, where its labels are found, and from what it searches."""
    train = splits.by_name["train"]
    long_texts = recipe.data.long_texts
    module = find("tasks", recipe.task)
    if long_texts == "windows" and not getattr(module, "TAKES_WINDOWS", True):
        raise RecipeError(say("stations.no_windows", place=recipe.place("data.long_texts"), task=recipe.task))
    chosen = module.LONG_TEXTS if long_texts == "auto" else long_texts
    max_tokens = None if recipe.data.max_tokens == "auto" else recipe.data.max_tokens
    task: Task = module.Task.learn(train, Lengths(max_tokens=max_tokens, long_texts=chosen, pairs=recipe.data.pairs))
    refuse_what_needs_labels(recipe, task, train)
    if not isinstance(task, Searches):
        return task
    Index.create((), (), np.zeros((0, 1), np.float32))  # a library that it lacks is told now, not after training
    return task.searching(splits)


def refuse_what_needs_labels(recipe: Recipe, task: Task, train: Dataset) -> None:
    """Refuse what a task cannot heed: weights of classes where it has none, and of numbers what asks for odds."""
    is_number = is_numeric(task)
    asked = {
        "train.class_weights": recipe.train.class_weights != "none" and not task.class_weights(train),
        "train.label_smoothing": bool(recipe.train.label_smoothing) and is_number,
        "evaluate.unsure_below": recipe.evaluate.unsure_below is not None and is_number,
    }
    _refuse(recipe, asked)
    refuse_rows_per_label(recipe, task.fields)


def refuse_rows_per_label(recipe: Recipe, fields: tuple[str, ...]) -> None:
    """Refuse a split by so many rows a label where a row has no label; `fields` may be as a file can have them."""
    has_label = any("label" in field.split("|") for field in fields)
    split = recipe.data.split
    wishes = {f"data.split.{part}": getattr(split, part) for part in ("train", "validation", "test")}
    _refuse(recipe, {path: isinstance(wish, PerLabel) and not has_label for path, wish in wishes.items()})


def _refuse(recipe: Recipe, asked: dict[str, bool]) -> None:
    for path in (path for path, in_vain in asked.items() if in_vain):
        raise RecipeError(recipe.at(path, say("config.needs_labels", path=path, task=recipe.task)))


def task_of(model: Model) -> Task:
    """Rebuild the task of a saved model from its card."""
    card = {"max_tokens": model.tokenizer.max_tokens, **model.card}  # a model in memory has it in its tokenizer alone
    task: Task = find("tasks", card["task"]).Task.from_card(card)
    return task


def keep_passages(task: Task, folder: Path) -> None:
    """Write what a task searches, with its vectors, beside its model in `folder`; nothing for other tasks."""
    if isinstance(task, Searches):
        searched = task.passages
        index = Index.create(searched.ids, searched.texts, searched.vectors, card={"task": task.name})
        index.save(folder / INDEX)


def saved_task(model: Model, folder: Path) -> Task:
    """Rebuild the task of a model that was loaded from `folder`, with what it searches."""
    task = task_of(model)
    if not isinstance(task, Searches):
        return task
    if not (folder / INDEX).is_dir():
        raise ModelError(say("tasks.no_index", folder=folder / INDEX))
    try:
        index = open_index(folder / INDEX)
    except DataError as error:
        raise ModelError(say("tasks.index", error=error)) from error
    return task.over(index.ids, index.texts(index.ids), np.asarray(index.rows.vectors))


def model_for(recipe: Recipe, task: Task, source: Source, train: Dataset) -> Model:
    """Build backbone, head and tokenizer; new weights are drawn from the recipe's seed."""
    options = recipe.train
    spec = HeadSpec(
        name=task.head,
        num_outputs=task.num_outputs,
        loss=task.loss,
        label_smoothing=options.label_smoothing,
        class_weights=task.class_weights(train) if options.class_weights == "balanced" else (),
        dropout=None if options.dropout == "auto" else options.dropout,
        labels=task.output_names,
    )
    model = build_model(source.folder, spec, max_tokens=task.lengths.max_tokens, seed=recipe.seed, card=task.card())
    if task.isolates_cjk and model.tokenizer.joins_cjk():
        model.tokenizer.isolate_cjk()
    return model
