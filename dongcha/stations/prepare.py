"""Prepare a run: learn the labels, build the model, encode, check the data."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from dongcha import files
from dongcha.data.checks import METHODS as DATA_CHECKS
from dongcha.data.checks import View, run_checks
from dongcha.data.checks._base import NUM_EXAMPLES
from dongcha.data.checks.labels import FEWEST
from dongcha.data.dataset import Dataset
from dongcha.data.features import Features, cached, gather
from dongcha.data.reference import reference_texts
from dongcha.data.rows import label_counts as count_labels
from dongcha.data.rows import read_texts
from dongcha.data.splits import Splits
from dongcha.errors import DataError, RecipeError
from dongcha.locale import say
from dongcha.models.masked import has_masked_head, pseudo_perplexity
from dongcha.models.model import Model
from dongcha.models.room import Room
from dongcha.models.vectors import unit_vectors
from dongcha.pretrain._fits import writes
from dongcha.registry import find
from dongcha.sandbox import available
from dongcha.stations.described import named_labels, refuse_misfit, shaped_by
from dongcha.steps import Kept, Work
from dongcha.tasks._base import Columns, Runs, Searches, Task
from dongcha.tasks._model import learn, model_for
from dongcha.tasks._predict import columns_of, encode, lay_flat, ready
from dongcha.tasks._reading import Task as Reading
from dongcha.tasks._several import parts_of
from dongcha.types import Check


def learn_task(work: Work) -> Task:
    """Find the labels; refuse training rows that leave nothing to tell apart."""
    refuse_unknown_slices(work)
    task = learn(work["recipe"], work["splits"], named_labels(work["recipe"]))
    if isinstance(task, Reading) and writes(work["recipe"].pretrain.method):
        task = task.written(find("pretrain", work["recipe"].pretrain.method).METRICS)
    for part in parts_of(task):
        own = part.task
        fewest = {"label": 1 if getattr(own, "multi", False) else 2, "spans": 1}.get(own.fields[-1], 0)
        if len(own.labels) < fewest:
            raise DataError(too_few(own.labels, fewest, work["splits"]))
    refuse_misfit(work["recipe"], task)
    if isinstance(task, Runs):
        for name in work["splits"].tests:
            task.refuse_unjudged(work["splits"].by_name[name])
    return judged_here(work, task)


def judged_here(work: Work, task: Task) -> Task:
    """Return the task as one whose answers, where they are programs, are run on this run's threads."""
    return task.judging(work["placement"].threads, work.watch) if isinstance(task, Runs) else task


def too_few(labels: Sequence[str], wanted: int, splits: Splits) -> str:
    """Say that labels are too few to tell anything apart, and where more would come from."""
    key = "stations.too_few_labels"
    if splits.unlabelled:
        key = "stations.too_few_named" if labels else "stations.none_named"
    return say(key, source=splits.by_name["train"].source, found=", ".join(labels) or "-", wanted=wanted)


def refuse_tiny_classes(work: Work) -> None:
    """Refuse labels of a single row, in train and what was cut from the same file, unless the recipe allows them."""
    recipe, task, splits = work["recipe"], work["task"], work["splits"]
    if splits.unlabelled:
        return
    names = ["train", *(name for name in splits.by_name if name in splits.made and name != "train")]
    for part in parts_of(task):
        own = part.task
        if recipe.data.allow_tiny or own.fields[-1] != "label":
            continue
        counts = sum((count_labels(splits.by_name[name], part.told("label")) for name in names), Counter[str]())
        tiny = [label for label in own.labels if counts[label] < FEWEST]
        if tiny:
            facts = {"count": len(tiny), "all": len(own.labels), "labels": ", ".join(tiny[:NUM_EXAMPLES])}
            raise DataError(say("stations.tiny_labels", source=splits.by_name["train"].source, **facts))


def refuse_unknown_slices(work: Work) -> None:
    """Refuse a slice by a column that the test rows do not have, with the nearest one."""
    recipe, splits = work["recipe"], work["splits"]
    known = splits.by_name[splits.tests[0]].columns if splits.tests else recipe.evaluate.slices
    for name in recipe.evaluate.slices:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            key = "stations.unknown_slice_near" if near else "stations.unknown_slice"
            place = recipe.place("evaluate.slices")
            raise RecipeError(say(key, place=place, name=name, near=near[0] if near else "", all=", ".join(known)))


def build_model(work: Work) -> Model:
    """Build the model of the task on the pretrained backbone."""
    train = work["splits"].by_name["train"]
    model = model_for(work["recipe"], work["task"], work["source"], train, shaped_by(work["recipe"]))
    model = dataclasses.replace(model, room=Room(watch=work.watch))
    work["placement"].module(model.module)
    facts = {"name": work["source"].name, "parameters": model.num_parameters, "device": str(model.device)}
    work.watch("model", threads=work["placement"].threads, **facts)
    return model


def encode_splits(work: Work) -> dict[str, Features]:
    """Tokenise every split once; features are kept in the cache by content, tokenizer and task."""
    task, model = work["task"], work["model"]
    tokenizer = files.hash_value([model.tokenizer.raw.to_str(), str(getattr(model.tokenizer.hf, "chat_template", ""))])
    frame = [model.tokenizer.prefix.tolist(), model.tokenizer.suffix.tolist()]
    options = [task.card(), dataclasses.asdict(task.lengths), tokenizer, model.tokenizer.max_tokens, frame]
    found = {}
    if work["recipe"].train.hard_negatives:
        task = mined(task, model, work["splits"].by_name["train"], work["recipe"].train.hard_negatives)
    if isinstance(task, Searches):
        options.append(task.made_of())
    for name, dataset in work["splits"].by_name.items():
        key = files.hash_value([dataset.fingerprint, options])
        root = work["cache"] / "features" if len(dataset) > FEW_TO_CACHE else None
        found[name] = cached(key, root, lambda d=dataset: encode(task, model, d))  # type: ignore[misc]
    return found


def mined(task: Any, model: Model, train: Dataset, count: int) -> Task:
    """Return the task with the passages that the model, as it is, takes for answers to training queries."""
    task = ready(task, model)
    rows = {name: train.column(name) for name in columns_of(task, train, gold=True)}
    features = gather(encode(task, model, train))
    found: Task = task.mine(lay_flat(features, model.logits(features)), features, rows, count)
    return found


EMBEDDED_TOKENS = 40_000  # of a split, that the gap checks run through the model
FEWEST_EMBEDDED, MOST_EMBEDDED = 300, 2_000  # texts of a split
USUAL_PARAMETERS = 22_000_000  # of a model that these are for; a larger one is given fewer, as its tokens cost more
LEAST_SHARE = 0.2  # of them, however large it is: an AUROC needs texts
LARGE, OPENING = 60_000_000, 128  # a model of so many reads so many tokens of each: its origin shows at its beginning
FEW_TO_CACHE = 20_000  # rows below which encoding again is quicker than keeping files


def check_data(work: Work) -> tuple[Check, ...]:
    """Look at the data as people would before they trust it; nothing is changed."""
    recipe, task, model, splits = work["recipe"], work["task"], work["model"], work["splits"]
    language = text_language(splits.by_name["train"], task.fields[0])
    known: dict[str, np.ndarray] = {}
    view = View(
        splits=splits.by_name,
        fields=task.fields,
        made_splits=splits.made,
        encode=model.tokenizer.ids,
        tokens_of=model.tokenizer.hf.convert_ids_to_tokens,
        unknown_id=model.tokenizer.unknown_id,
        max_tokens=model.tokenizer.max_tokens,
        reads_windows=task.lengths.long_texts == "windows",
        embed=lambda texts: embed(model, texts, known),
        embedded=texts_worth_embedding(work["features"]["train"], model.num_parameters),
        pseudo_perplexity=None if work["source"].shape else _knows(work["source"].folder, model),
        reference=tuple(reference_texts(language)),
        language=language,
        seed=recipe.seed,
        named=task.labels if splits.unlabelled else (),
        solved=solved_by(task),
    )
    names = DATA_CHECKS if work["deep"] else None
    return run_checks(view, names)


def solved_by(task: Task) -> Callable[[Columns], list[bool]] | None:
    """Return how to see whether rows' own answers pass their own tests, where a task's are run and this machine can."""
    return task.solved if isinstance(task, Runs) and available() else None


def tell_data(work: Work) -> None:
    """Tell the data's facts and findings, also where a stopped run that goes on took them up."""
    work.watch("data", **facts_of(work))
    for found in work["data_checks"]:
        facts = {"name": found.name, "status": found.status, "message": found.message, "figures": found.figures}
        work.watch("data_check", **facts)


def _write_checks(value: tuple[Check, ...], folder: Path) -> None:
    files.write_json(folder / "checks.json", [dataclasses.asdict(found) for found in value])


def _read_checks(folder: Path, work: Work) -> tuple[Check, ...]:
    found = files.read_json(folder / "checks.json")
    return tuple(Check(**value | {"examples": tuple(value["examples"])}) for value in found)


KEPT_CHECKS = Kept(_write_checks, _read_checks)


def _knows(folder: Path, model: Model) -> Callable[[list[str]], float] | None:
    """Return how to measure pseudo-perplexity, where the model has the head for it."""
    if not has_masked_head(folder) or model.tokenizer.hf.mask_token_id is None:
        return None
    return lambda texts: pseudo_perplexity(folder, model.tokenizer, texts)


def opening_of(num_parameters: int) -> int | None:
    """Return how many tokens of each text the gap checks embed, by the model's size; None for all."""
    return OPENING if num_parameters >= LARGE else None


def texts_worth_embedding(features: Features, num_parameters: int) -> int:
    """Return how many texts a split the gap checks embed: the fewer, the longer they are and the larger the model."""
    lengths = np.minimum(features.lengths, opening_of(num_parameters) or np.inf)
    mean = float(lengths.mean()) if len(features) else 1.0
    share = float(np.clip(USUAL_PARAMETERS / max(1, num_parameters), LEAST_SHARE, 1.0))
    return int(np.clip(share * EMBEDDED_TOKENS / mean, share * FEWEST_EMBEDDED, MOST_EMBEDDED))


def embed(model: Model, texts: list[str], known: dict[str, np.ndarray]) -> np.ndarray:
    """Return unit vectors (n, H) of texts: the frozen backbone's mean (or own pooling); `known` remembers them."""
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        vectors = unit_vectors(model, new, opening_of(model.num_parameters))
        known |= dict(zip(new, vectors, strict=True))
    return np.stack([known[text] for text in texts])


def text_language(dataset: Dataset, field: str) -> str:
    """Tell zh from en by the share of Chinese characters in the first rows."""
    texts = "".join(read_texts(dataset.take(np.arange(min(200, len(dataset)))), (field,)))
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in texts)
    return "zh" if chinese > 0.2 * max(1, len(texts)) else "en"


def facts_of(work: Work) -> dict[str, Any]:
    """Return the facts of each split: rows, labels, longest features, rows cut, source."""
    task, splits = work["task"], work["splits"]
    facts: dict[str, Any] = {}
    for name, dataset in splits.by_name.items():
        features: Features = work["features"][name]
        facts[name] = {
            "rows": len(dataset),
            "source": dataset.source,
            "columns": list(dataset.columns),
            "longest_tokens": int(features.lengths.max(initial=0)),
            "mean_tokens": round(float(features.lengths.mean()) if len(features) else 0.0, 1),
            "cut_rows": int(features.facts.get("cut_rows", 0)),
            "labels": label_counts(dataset, task),
        }
    facts["train"] |= {"dropped": splits.dropped, "unlabelled": splits.unlabelled}
    return facts


def label_counts(dataset: Dataset, task: Task) -> dict[str, int]:
    """Count the labels of a split, most frequent first; of several tasks each after its task's name."""
    counts: Counter[str] = Counter()
    for part in parts_of(task):
        own = count_labels(dataset, part.told(part.task.fields[-1])) if part.task.output_names else Counter[str]()
        counts.update({f"{part.name}: {label}" if part.name else label: n for label, n in own.items()})
    return dict(counts.most_common())
