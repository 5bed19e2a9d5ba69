"""Build the model that a task trains: head as the task names it, tokenizer as the task needs it."""

from dongcha.config import Recipe
from dongcha.config.kinds import PerLabel
from dongcha.data.dataset import Dataset
from dongcha.errors import RecipeError
from dongcha.locale import say
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import Model, build_model
from dongcha.models.source import Source
from dongcha.registry import find
from dongcha.tasks._base import Lengths, Task


def learn(recipe: Recipe, train: Dataset) -> Task:
    """Make the task of a recipe from its training rows: the labels are what is found there."""
    long_texts = recipe.data.long_texts
    module = find("tasks", recipe.task)
    if long_texts == "windows" and not getattr(module, "TAKES_WINDOWS", True):
        raise RecipeError(say("stations.no_windows", place=recipe.place("data.long_texts"), task=recipe.task))
    chosen = module.LONG_TEXTS if long_texts == "auto" else long_texts
    max_tokens = None if recipe.data.max_tokens == "auto" else recipe.data.max_tokens
    task: Task = module.Task.learn(train, Lengths(max_tokens=max_tokens, long_texts=chosen))
    refuse_what_needs_labels(recipe, task, train)
    return task


def refuse_what_needs_labels(recipe: Recipe, task: Task, train: Dataset) -> None:
    """Refuse what a task cannot heed: weights of classes where it has none, and of numbers what asks for odds."""
    is_number = task.loss == "squared_error"
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
