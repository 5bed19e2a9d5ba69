"""Pretrain before the task: read the corpus, cut it into blocks, plan, run the stage, go on from what it wrote.

In: the work with the task's model and features. Out: the corpus as features; a `Pretrained` that is kept; the model
that training starts from. Without `pretrain:` no step of these is there.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from dongcha import files
from dongcha.config import Recipe
from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk, Features, cached
from dongcha.data.load import load
from dongcha.data.reference import reference_texts
from dongcha.data.rows import each_read
from dongcha.data.splits import read_options
from dongcha.errors import DataError, ModelError, RecipeError
from dongcha.locale import say
from dongcha.loop import Fitted, LoopSettings
from dongcha.loop.clock import Budget
from dongcha.metrics import Outcome, perplexity
from dongcha.models import grown, scratch
from dongcha.models.kind import ENCODER, kind_of
from dongcha.models.model import Model
from dongcha.models.precision import bf16_gain
from dongcha.models.source import Source
from dongcha.objectives.written import WrittenObjective
from dongcha.pretrain import Pretrained, mlm, pretrain
from dongcha.pretrain._base import MOST_TOKENS, Eyes, Learner
from dongcha.pretrain._decide import ANEW, FURTHER, choices, settings_of
from dongcha.pretrain._fits import USUAL, fitting
from dongcha.pretrain._probe import TaskProbe
from dongcha.pretrain._study import Place, Study
from dongcha.pretrain._surprise import General
from dongcha.registry import find
from dongcha.stations.described import shaped_by
from dongcha.stations.prepare import FEW_TO_CACHE, text_language
from dongcha.steps import CHECKPOINTS, Kept, Work
from dongcha.tasks._base import Columns, Task, Writes, num_rows
from dongcha.tasks._model import model_for
from dongcha.tasks._predict import STRETCH, columns_of
from dongcha.tasks._rows import task_file
from dongcha.train.auto import quicker
from dongcha.train.decide import method_options
from dongcha.train.form import training_form
from dongcha.train.train import LOSS, looked_at
from dongcha.types import Json, Watch

HOME, MODEL = "pretrained", "model"  # the model's folder in the run's: of one that goes on to a task, and of the result
VALIDATION, GENERAL = "validation", "general"
ANSWER_LOSS = "answer_loss"  # of a task that writes
TOLD = (GENERAL, VALIDATION)  # texts whose surprise is told beside what was gained
SIDES = ("gold", "predicted")  # of an outcome that is kept
MOST_TEXTS = 200  # of validation, whose surprise is measured


@dataclass(frozen=True)
class Corpus:
    """Texts without labels: `dataset` of its own, or None for the task's training rows; as blocks of the method."""

    features: Features
    name: str
    repeated: int  # texts of the sets that are judged on that stand in it too


def with_method(recipe: Recipe, source: Source | None) -> Recipe:
    """Return the recipe with `pretrain.method: auto` decided by what the model is; None: it is made from scratch.

    Raises RecipeError where the method that it names is not for such a model.
    """
    if recipe.pretrain is None:
        return recipe
    kind = ENCODER if source is None else kind_of(source.folder)
    if recipe.pretrain.method == "auto":
        recipe = recipe.replace({"pretrain.method": USUAL[kind]})
        method_options(recipe, "pretrain", "pretrain")
    own = getattr(task_file(recipe), "Task", None)
    fits = fitting(kind, task_writes=getattr(own, "head", "") == "writer")
    method = recipe.pretrain.method if recipe.pretrain is not None else ""
    if method not in fits:
        facts = {"method": method, "kind": say(f"pretrain.kind_{kind}"), "all": ", ".join(fits)}
        key = "pretrain.misfit" if fits else "pretrain.misfit_all"
        raise RecipeError(recipe.at("pretrain.method", say(key, model=recipe.model, **facts)))
    return recipe


def read_corpus(recipe: Recipe, cache: Path | None) -> Dataset | None:
    """Read the corpus that a recipe names; None where it names none."""
    if recipe.pretrain is None or recipe.pretrain.corpus is None:
        return None
    options = replace(read_options(recipe.data), columns={})
    source = recipe.pretrain.corpus
    how: dict[str, Any] = {"base": recipe.folder, "options": options, "name": "corpus", "need_gold": False}
    how["given"] = recipe.given("pretrain.corpus")
    try:
        return load(source, ("text",), cache=cache, **how)
    except DataError:
        found = load(source, (), cache=None, **how)  # read as it is, to tell which columns there are
        if "text" in found.columns:
            raise
        place = recipe.place("pretrain.corpus")
        columns = ", ".join(found.columns)
        raise DataError(
            say("pretrain.no_text", field="text", place=place, source=found.source, found=columns)
        ) from None


def new_model(recipe: Recipe, corpus: Dataset | None, cache: Path, watch: Watch) -> Source:
    """Make the model of a recipe that begins from scratch; its pieces are learnt on the corpus."""
    assert not isinstance(recipe.model, str) and corpus is not None  # `conflicts` sees to it
    texts = scratch.Corpus(corpus.source, corpus.fingerprint, lambda: texts_in(corpus))
    watch("scratch_begins", source=corpus.source, rows=len(corpus))
    return scratch.make(recipe.model.scratch, texts, recipe.seed, cache)


def grown_model(recipe: Recipe, source: Source, corpus: Dataset | None, cache: Path, watch: Watch) -> Source:
    """Give the recipe's model the new pieces that it asks for, learnt on the corpus."""
    assert recipe.pretrain is not None and corpus is not None  # `conflicts` sees to it
    texts = scratch.Corpus(corpus.source, corpus.fingerprint, lambda: texts_in(corpus))
    own = [recipe.task] if recipe.tasks is None else [entry.task for entry in recipe.tasks]
    isolates = any(getattr(find("tasks", name).Task, "isolates_cjk", False) for name in own if name is not None)
    found = grown.grow(source, recipe.pretrain.new_pieces, texts, cache, isolates_cjk=isolates)
    watch("grown", source=corpus.source, **found.grown)
    return found


def texts_in(corpus: Dataset) -> Iterator[str]:
    """Yield the texts of a corpus, read a stretch of rows at a time."""
    for part in corpus.batches(STRETCH, ["text"]):
        yield from part["text"]


def encode_corpus(work: Work) -> Corpus:
    """Cut the corpus into blocks once; they are kept in the cache by content, tokenizer and method."""
    recipe, dataset = work["recipe"], work["corpus_rows"]
    method = find("pretrain", recipe.pretrain.method)
    tokenizer = reader_of(work)
    rows = work["splits"].by_name["train"] if dataset is None else dataset
    facts = [rows.fingerprint, recipe.pretrain.method, files.hash_value(tokenizer.raw.to_str()), tokenizer.max_tokens]
    root = work["cache"] / "features" if dataset is not None or len(rows) > FEW_TO_CACHE else None
    key = files.hash_value(["corpus", work["task"].name if dataset is None else "", *facts])
    features = cached(key, root, lambda: chunks(method, tokenizer, rows, work["task"] if dataset is None else None))
    if not len(features):
        raise DataError(say("pretrain.no_blocks", source=rows.source, method=recipe.pretrain.method))
    repeated = 0 if dataset is None else repeats(work, dataset)
    found = Corpus(features, rows.source, repeated)
    work.watch("corpus", source=rows.source, rows=len(rows), blocks=len(features), tokens=int(features.starts[-1]))
    return found


def reader_of(work: Work) -> Any:
    """Return the task's tokenizer, which cuts a corpus into blocks no longer than the recipe wants.

    A new model reads blocks as long as it can, where they are there: a place that no block reaches learns nothing.
    """
    asked = work["recipe"].pretrain.max_tokens
    tokenizer = copy.copy(work["model"].tokenizer)
    method = find("pretrain", work["recipe"].pretrain.method)
    usual = work["source"].shape.get("max_tokens", getattr(method, "MOST_TOKENS", MOST_TOKENS))
    tokenizer.max_tokens = min(tokenizer.max_tokens, usual if asked == "auto" else asked)
    return tokenizer


def chunks(method: Any, tokenizer: Any, rows: Dataset, task: Task | None) -> Iterator[Chunk]:
    """Yield a corpus as chunks, a stretch of rows at a time; with a `task`, the texts that it reads of its rows."""
    first = 0
    names = ["text"] if task is None else columns_of(task, rows, gold=False)
    for part in rows.batches(STRETCH, names):
        yield method.encode(texts_of(part, task), tokenizer, first)
        first += num_rows(part)


def texts_of(rows: Columns, task: Task | None) -> list[str]:
    """Return the texts of rows: their column `text`, or all that a task reads of them, none of them twice."""
    if task is None:
        return list(rows["text"])
    return list(dict.fromkeys(text for side in task.texts(rows) for text in side))


def repeats(work: Work, corpus: Dataset) -> int:
    """Count the texts of validation and test sets that the corpus holds word for word."""
    task, splits = work["task"], work["splits"].by_name
    sets = (rows for name, rows in splits.items() if name != "train")
    judged = {text for rows in sets for texts in each_read(rows, columns_of(task, rows, gold=False)) for text in texts}
    found: set[str] = set()
    for part in corpus.batches(STRETCH, ["text"]):
        found |= judged.intersection(part["text"])
    return len(found)


def learner_of(work: Work, recipe: Recipe, folder: Path | None = None) -> Learner:
    """Build what learns, from the folder that the recipe's model is in, or another one."""
    assert recipe.pretrain is not None
    method = find("pretrain", recipe.pretrain.method)
    options = method_options(recipe, "pretrain", "pretrain")
    built: Learner = method.build(folder or work["source"].folder, work["model"].tokenizer, options, recipe.seed)
    work["placement"].module(built.module)
    return built


def chosen_for(work: Work) -> dict[str, Any]:
    """Return what the rules say for every `auto` of `pretrain:`, by dotted key; nothing where there is none."""
    recipe = work["recipe"]
    if recipe.pretrain is None:
        return {}
    method = find("pretrain", recipe.pretrain.method)
    shape = work["source"].shape
    found = choices(recipe.pretrain, method, work["corpus"].features, recipe.seed, ANEW if shape else FURTHER)
    if recipe.pretrain.max_tokens == "auto":
        found["max_tokens"] = reader_of(work).max_tokens
    if recipe.pretrain.precision == "auto":
        model, batch_tokens = work["model"], found.get("batch_tokens", recipe.pretrain.batch_tokens)
        width = int(model.module.backbone.config.hidden_size)
        found["precision"] = quicker(bf16_gain(width, int(batch_tokens), model.device))
    drawn = {f"model.scratch.{key}": value for key, value in shape.items()}
    return drawn | {f"pretrain.{key}": value for key, value in found.items()}


def pretrain_settings(recipe: Recipe, corpus: Features, decided: Mapping[str, Any]) -> LoopSettings:
    """Return the loop's settings of a recipe without `auto`."""
    assert recipe.pretrain is not None
    return settings_of(recipe.pretrain, corpus, recipe.seed, decided)


def pretrain_model(work: Work) -> Pretrained:
    """Run the stage; its folder stands in the run's.

    Time is that of the plan, or what a run that goes on has left of its limit; what is measured afterwards is kept out.
    """
    plan, corpus, general = work["plan"], work["corpus"].features, work["held_out"]
    recipe: Recipe = plan.recipe
    method = recipe.pretrain.method if recipe.pretrain is not None else ""
    learner = learner_of(work, recipe)
    settings = pretrain_settings(recipe, corpus, plan.pretraining.decided)
    clock, seconds = work["clock"], plan.pretraining.most_seconds
    budget = Budget(now=clock.now)
    if seconds is not None:
        budget.until = clock.now() + min(seconds, clock.left() - plan.reserve_of_reading) - plan.pretraining.judging
    work.watch("pretrain_begins", method=method, steps=settings.max_steps)
    place = Place(work["placement"], work.folder / CHECKPOINTS / "pretrain", training_form, work.watch, budget)
    seen = replace(work["model"], module=learner.module)
    study = Study(work["source"].folder, learner, seen, corpus, settings, place)
    alone, eyes = work["recipe"].reads_only, eyes_of(work)
    metric, sign = looked_at(work["task"]) if isinstance(eyes, TaskProbe) else LOSS
    work.watch("looks_at", metric=metric, sign=sign)
    found = pretrain(study, probe=eyes, general=general, target=home_of(work), proves=alone)
    facts: dict[str, Json] = {"method": method, "corpus": work["corpus"].name, "repeated": work["corpus"].repeated}
    facts |= {"tokens": int(corpus.starts[-1]), "blocks": len(corpus), "parameters": learner_size(learner)}
    facts |= {"grown": dict(work["source"].grown)} if work["source"].grown else {}
    surprise = {name: found.told["surprise"][name] for name in TOLD if name in found.told["surprise"]}
    return replace(found, told={**facts, **found.told, "surprise": surprise})


def home_of(work: Work) -> Path:
    """Return the folder of the pretrained model: the run's result where no task follows."""
    folder: Path = work.folder / (MODEL if work["recipe"].reads_only else HOME)
    return folder


def learner_size(learner: Learner) -> int:
    """Count the parameters that learnt."""
    return sum(p.numel() for p in learner.module.parameters())


def eyes_of(work: Work) -> Eyes | None:
    """Return who judges what is learnt: the task; of a model from scratch, or without a task, the texts of validation.

    A task cannot judge a model that is still learning to read: its random weights may well do better than the first
    steps, and it would end there. Texts judge by what is asked of them, so only a method that learns to guess that.
    """
    if not (work["source"].shape or work["recipe"].reads_only):
        return probe_of(work)
    held_out: Mapping[str, General] = work["held_out"]
    return held_out.get(VALIDATION) if hasattr(find("pretrain", work["recipe"].pretrain.method), "general") else None


def probe_of(work: Work) -> Eyes | None:
    """Return the task's eyes on its validation rows; None where it has none, or no labels to fit a probe on.

    A probe; of a task that writes, whose head has no layer to fit, the loss of the answers that were to be written.
    """
    dataset, task = work["splits"].by_name.get("validation"), work["task"]
    if dataset is None or work["splits"].unlabelled:
        return None
    if isinstance(task, Writes):
        features, pad_id = work["features"]["validation"], work["model"].tokenizer.pad_id
        seed, metric = work["recipe"].seed, perplexity.metrics(ANSWER_LOSS)[ANSWER_LOSS]
        return General(features, WrittenObjective(), pad_id, seed, len(dataset), metric, draws=1)
    rows = {name: dataset.column(name) for name in columns_of(task, dataset, gold=True)}
    features = work["features"]
    return TaskProbe(task, work["model"], features["train"], features["validation"], rows, work["recipe"].seed)


def key_of_test(name: str) -> str:
    """Return what a test set is called among the texts held out, so that none takes another's place."""
    return f"tests.{name}"


def hold_out(work: Work) -> dict[str, General]:
    """Return texts by which to see what was learnt (validation) and forgotten (general prose), where it can be seen.

    Where no task follows, the test sets are among them.
    """
    recipe, tokenizer, folder = work["recipe"], reader_of(work), work["source"].folder
    asked = asking(work)
    if asked is None:
        return {}
    task, splits = work["task"], work["splits"].by_name
    texts = {GENERAL: reference_texts(text_language(splits["train"], task.fields[0]))}
    if VALIDATION in splits:
        rows = splits[VALIDATION].take(np.arange(min(MOST_TEXTS, len(splits[VALIDATION]))))
        part = next(rows.batches(MOST_TEXTS, columns_of(task, rows, gold=False)))
        texts[VALIDATION] = texts_of(part, task)
    if recipe.reads_only:
        texts |= {key_of_test(name): splits[name].column("text") for name in work["splits"].tests}
    return {name: asked.general(some, folder, tokenizer, recipe.seed) for name, some in texts.items()}


def asking(work: Work) -> Any:
    """Return the method by which texts are asked: the recipe's own, else that of masked words; None where none can."""
    method = find("pretrain", work["recipe"].pretrain.method)
    if hasattr(method, "general") and method is not mlm:
        return method
    folder, tokenizer = work["source"].folder, reader_of(work)
    try:
        mlm.masking_of(folder, tokenizer)
        mlm.build(folder, tokenizer, mlm.PLAIN, work["recipe"].seed)
    except ModelError:
        return None
    return mlm if "word" in work["corpus"].features.tokens else None


def start_model(work: Work) -> Model:
    """Build the task's model anew on the pretrained backbone."""
    folder: Path = work["pretrain"].folder
    source = Source(work["source"].name, folder, files.hash_file(folder / "model.safetensors"))
    recipe, train = work["plan"].recipe, work["splits"].by_name["train"]
    model = model_for(recipe, work["task"], source, train, shaped_by(recipe))
    work["placement"].module(model.module)
    tell_pretrained(work)
    return replace(model, room=work["model"].room)


def tell_pretrained(work: Work) -> None:
    """Tell what pretraining gained and forgot, also where a run that goes on took it up."""
    work.watch("pretrained", **work["pretrain"].told)


def _write(value: Pretrained, folder: Path) -> None:
    facts = {"told": dict(value.told), "weights": value.weights, **value.fitted.to_json()}
    files.write_json(folder / "pretrained.json", facts)
    sides = {
        f"{number}.{side}.{name}": np.asarray(getattr(outcome, name), dtype=np.float64)
        for number, pair in enumerate(value.outcomes.values())
        for side, outcome in enumerate(pair)
        for name in SIDES
    }
    files.write_json(folder / "texts.json", list(value.outcomes))
    save_file(sides, folder / "outcomes.safetensors")


def _read(folder: Path, work: Work) -> Pretrained:
    facts, sides = files.read_json(folder / "pretrained.json"), load_file(folder / "outcomes.safetensors")
    outcomes = {
        text: (outcome_in(sides, f"{number}.0"), outcome_in(sides, f"{number}.1"))
        for number, text in enumerate(files.read_json(folder / "texts.json"))
    }
    return Pretrained(home_of(work), facts["told"], Fitted.from_json(facts), facts["weights"], outcomes)


def outcome_in(sides: Mapping[str, np.ndarray], key: str) -> Outcome:
    """Return the outcome that was kept under a key."""
    return Outcome(*(sides[f"{key}.{name}"] for name in SIDES))


KEPT_PRETRAINED = Kept(_write, _read)
