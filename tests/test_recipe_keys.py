"""Every key of the recipe does what it says: one row a key names what changes with it, and a run shows that it does.

A new key without a row fails. A key's run is compared with the base's, which is shared; `Key.base` changes both.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from finished_runs import FAST, TRAIN
from safetensors.numpy import load_file

import dongcha
from dongcha import Recipe, files
from dongcha.config import help_lines
from dongcha.config.recipe import recipe_shape
from dongcha.errors import DataError, MachineError, RecipeError
from dongcha.models.writing import settings_of
from dongcha.objectives.task import TaskObjective
from dongcha.stations.plan import planned_task
from dongcha.testing import tiny_rows

pytestmark = pytest.mark.usefixtures("no_charts")

ROWS = [
    row | {"body": f"other {i}", "city": "abc"[i % 3], "when": f"2026-01-{1 + i % 28:02}"}
    for i, row in enumerate(tiny_rows("classification", 48))
]
REPEATED = [{"text": row["text"], "label": row["label"]} for row in (*ROWS, *ROWS[:9])]
FEW_BAD = [row for i, row in enumerate(ROWS) if row["label"] == "good" or i % 4 == 1]
TWO_LINES = [row | {"text": row["text"] + "\nand the service was good"} for row in ROWS]
LONG = [row | {"text": f"{row['text']} " * (1 + i % 3)} for i, row in enumerate(ROWS)]
UNKNOWN = [row | {"text": f"spotless {row['text']}"} for row in ROWS]  # a word in letters
STILL = {"learning_rate": 1e-12, "head_learning_rate": 1e-12, "epochs": 6}  # nothing gets better, so patience runs out
SPLIT = {"validation": 0.25, "test": 0.25}
APART = {
    "task": None,
    "tasks": [
        {"task": "classification", "data": {"train": ROWS, "split": SPLIT}},
        {"task": "tagging", "data": {"train": tiny_rows("tagging", 16), "split": SPLIT}},
    ],
    "data": {},
}
BASE = {
    **FAST,
    "task": "classification",
    "data": {"train": ROWS, "split": SPLIT},
    "train": {**TRAIN, "epochs": 2, "batch_tokens": 128},
}


# what is observed: each takes the work of a run


def weights(work):
    """Digests of all weights that were saved, and of the head's alone."""
    return {path.name: files.hash_file(path) for path in sorted((work.folder / "model").glob("*.safetensors"))}


def backbone_moved(work):
    before, after = (
        load_file(work["source"].folder / "model.safetensors"),
        load_file(work.folder / "model/model.safetensors"),
    )
    return any(not np.array_equal(before[name], after[name]) for name in after)


REQUESTS = [row | {"label": "even" if i % 2 else "odd"} for i, row in enumerate(tiny_rows("tagging", 48))]


def embeddings_moved(work):
    before, after = (
        load_file(work["source"].folder / "model.safetensors"),
        load_file(work.folder / "model/model.safetensors"),
    )
    return any(not np.array_equal(before[name], after[name]) for name in after if "embeddings" in name)


def sizes(work):
    return {name: len(rows) for name, rows in work["splits"].by_name.items()}


def texts(split):
    return lambda work: work["splits"].by_name[split].column("text")


def labels(split):
    return lambda work: sorted(work["splits"].by_name[split].column("label"))


def shared_cities(work):
    train, test = (set(work["splits"].by_name[name].column("city")) for name in ("train", "test"))
    return bool(train & test)


def later(work):
    train, test = (work["splits"].by_name[name].column("when") for name in ("train", "test"))
    return max(train) <= min(test)


def num_features(work):
    return len(work["features"]["train"])


def longest(work):
    return int(work["features"]["train"].lengths.max())


def steps(work):
    return work["train"].fitted.state.step


def rates(work):
    return [rate for _, rate in work["train"].fitted.state.rates]


def num_scores(work):
    return len(work["train"].fitted.state.scores)


def slice_names(work):
    return {line["slice"] for line in work["evaluate"].slices}


def is_unsure(work):
    return next(dongcha.load(work.folder).predict(["the room"])).get("unsure", False)


def shows_texts(work):
    page = (work.folder / "report.html").read_text(encoding="utf-8")
    return any(row["text"] in page for row in ROWS)


def recorded(name):
    return lambda work: files.read_json(work.folder / "environment.json")[name]


def anew(**shape):
    """Sections of a model from scratch."""
    texts = [{"text": f"The {row['text']} {i * 7919 % 997}"} for i, row in enumerate(ROWS * 2)]
    known = {"layers": 1, "hidden": 16, "heads": 1, "vocabulary": 120, "max_tokens": 48}
    return {"model": {"scratch": {**known, **shape}}, "pretrain": {"corpus": texts}}


def config(name):
    return lambda work: files.read_json(work["source"].folder / "config.json")[name]


def num_pieces(work):
    return config("vocab_size")(work)


def knows(word):
    """Whether the tokenizer reads a word's capitals as they are."""
    return lambda work: any(
        piece in word and piece != piece.lower()
        for piece in files.read_json(work["source"].folder / "tokenizer.json")["model"]["vocab"]
    )


READ = {"method": "simcse", "steps": 4, "batch_tokens": 256, "probe_every": 2, "patience": None, "learning_rate": 1e-3}
UNMOVED = {"learning_rate": 1e-12, "probe_every": 1}


def read(name):
    """A fact of what pretraining told."""
    return lambda work: work["pretrain"].told[name]


def num_looks(work):
    return len(work["pretrain"].told["scores"])


@dataclass(frozen=True)
class Key:
    """A key's row: what is set, what is observed, after which step, on which base.

    `found` is the observation that is wanted; `refused` says how the base is refused where it cannot run at all.
    """

    change: dict[str, Any]
    observe: Callable[[Any], Any] | None = weights
    until: str = "train"
    base: dict[str, Any] = field(default_factory=dict)
    found: Any = None  # None: only that it differs from the base's
    refused: str = ""


def data(**more):
    return {"data": {"train": ROWS, "split": SPLIT, **more}}


def split(**more):
    return data(split={**SPLIT, **more})


def train(**more):
    return {"train": {**BASE["train"], **more}}


WRITE = {"task": "translation", "model": "writes", **data(train=tiny_rows("translation", 30))}
RULED = {"task": "generation", "model": "writes", **data(train=tiny_rows("generation", 30))}


def told_to_write(name):
    """A fact of what Transformers' `generate` is told."""
    return lambda work: getattr(
        settings_of(work["model"].module.hf, planned_task(work).writes_by, 100, work["model"].tokenizer.pad_id), name
    )


def writes(name, value, told=None, **base):
    """A row of a key of `evaluate.decoding`."""
    decoding = {"evaluate": {"decoding": {**base, name: value}}}
    usual = {"evaluate": {"decoding": base}} if base else {}
    return Key(decoding, told_to_write(told or name), "plan", base=WRITE | usual, found=value)


KEYS = {
    "seed": Key({"seed": 14}),
    "tasks": Key(
        {"task": None, "tasks": ["classification", "tagging"], "data": {"train": REQUESTS, "split": SPLIT}},
        lambda work: next(iter(work["task"].metrics)),
        "task",
        found="tasks_mean",
    ),
    "task": Key(
        {"task": "tagging", "data": {"train": tiny_rows("tagging", 48), "split": SPLIT}},
        lambda work: next(iter(work["task"].metrics)),
        "task",
        found="f1",
    ),
    "model": Key({"model": "native"}, lambda work: work["model"].module.form, "model", found="native"),
    # data
    "data.validation": Key(
        data(validation=ROWS[:7], split={"test": 0.25}), sizes, "task", found={"train": 36, "validation": 7, "test": 12}
    ),
    "data.test": Key(
        data(test=ROWS[:5], split={"validation": 0.25}), sizes, "task", found={"train": 36, "validation": 12, "test": 5}
    ),
    "data.tests": Key(
        data(tests={"other": ROWS[:4]}), sizes, "task", found={"train": 24, "validation": 12, "test": 12, "other": 4}
    ),
    "data.split.validation": Key(
        split(validation=0.5), sizes, "task", found={"train": 12, "validation": 24, "test": 12}
    ),
    "data.split.validation.per_label": Key(
        split(validation={"per_label": 3}), sizes, "task", found={"train": 30, "validation": 6, "test": 12}
    ),
    "data.split.test": Key(split(test=0.0), sizes, "task", found={"train": 36, "validation": 12}),
    "data.split.test.per_label": Key(
        split(test={"per_label": 2}), sizes, "task", found={"train": 32, "validation": 12, "test": 4}
    ),
    "data.split.train": Key(
        data(split={"train": 0.25, "validation": 0.25}),
        sizes,
        "task",
        found={"train": 12, "validation": 12, "test": 24},
    ),
    "data.split.train.per_label": Key(
        data(split={"train": {"per_label": 5}, "validation": 0.25}),
        sizes,
        "task",
        found={"train": 10, "validation": 12, "test": 26},
    ),
    "data.split.stratify": Key(split(stratify=False), texts("test"), "task"),
    "data.split.group": Key(split(group="city"), shared_cities, "task", found=False),
    "data.split.by_time": Key(split(by_time="when"), later, "task", found=True),
    "data.columns": Key(
        data(columns={"text": "body"}), lambda work: texts("train")(work)[0][:5], "task", found="other"
    ),
    "data.part": Key(
        data(part="first_line"),
        lambda work: any("\n" in text for text in texts("train")(work)),
        "task",
        base=data(train=TWO_LINES),
        found=False,
    ),
    "data.duplicates": Key(
        data(duplicates="drop"),
        lambda work: work["splits"].dropped,
        "task",
        base=data(train=REPEATED),
        found=9,
    ),
    "data.allow_tiny": Key(
        data(allow_tiny=True),
        lambda work: "strange" in work["task"].labels,
        "enough_rows",
        base=data(train=[*ROWS, {"text": "the only one", "label": "strange"}]),
        found=True,
        refused=r"strange.*data\.allow_tiny",
    ),
    "data.encoding": Key(
        data(encoding="big5"),
        lambda work: texts("train")(work)[0][:2],
        "task",
        base=data(train="big5.csv"),
        found="房間",
        refused=r"big5\.csv",
    ),
    "data.encoding_errors": Key(
        data(encoding_errors="drop"),
        lambda work: sum(sizes(work).values()),
        "task",
        base=data(train="broken.csv"),
        found=9,
        refused=r"broken\.csv",
    ),
    "data.max_tokens": Key(data(max_tokens=8), longest, "features", found=8),
    "data.long_texts": Key(
        data(long_texts="truncate"),
        num_features,
        "features",
        base={"task": "tagging", **data(train=tiny_rows("tagging", 48), max_tokens=8)},
        found=24,
    ),
    "data.pairs": Key(
        data(pairs="apart"),
        num_features,
        "features",
        base={"task": "pairs", **data(train=tiny_rows("pairs", 48))},
        found=48,  # two texts of each of 24 rows
    ),
    "data.corpus": Key(
        data(corpus=[{"doc": "only here", "text": "a garden"}]),
        lambda work: "only here" in work["task"].passages.ids,
        "task",
        base={"task": "retrieval", **data(train=tiny_rows("retrieval", 48))},
        found=True,
    ),
    # a new model
    "model.scratch.layers": Key(anew(layers=2), config("num_hidden_layers"), "task", base=anew(), found=2),
    "model.scratch.hidden": Key(anew(hidden=32), config("hidden_size"), "task", base=anew(), found=32),
    "model.scratch.heads": Key(anew(heads=2), config("num_attention_heads"), "task", base=anew(), found=2),
    "model.scratch.vocabulary": Key(anew(vocabulary=100), num_pieces, "task", base=anew(), found=100),
    "model.scratch.max_tokens": Key(
        anew(max_tokens=32), config("max_position_embeddings"), "task", base=anew(), found=32
    ),
    "model.scratch.lowercase": Key(anew(lowercase=False), knows("The"), "task", base=anew(), found=True),
    # before the task
    "pretrain.method": Key(
        {"pretrain": {**READ, "method": "tsdae"}}, read("losses"), "pretrain", base={"pretrain": READ}
    ),
    "pretrain.corpus": Key({"pretrain": {**READ, "corpus": LONG}}, read("blocks"), "pretrain", base={"pretrain": READ}),
    "pretrain.steps": Key(
        {"pretrain": {**READ, "steps": 3}}, read("steps"), "pretrain", base={"pretrain": READ}, found=3
    ),
    "pretrain.learning_rate": Key(
        {"pretrain": {**READ, "learning_rate": 1e-4}}, read("losses"), "pretrain", base={"pretrain": READ}
    ),
    "pretrain.batch_tokens": Key(
        {"pretrain": {**READ, "batch_tokens": 64}}, read("losses"), "pretrain", base={"pretrain": READ}
    ),
    "pretrain.max_tokens": Key(
        {"pretrain": {**READ, "max_tokens": 16, "corpus": LONG}},
        lambda work: int(work["corpus"].features.lengths.max()),
        "corpus",
        base={"pretrain": {**READ, "corpus": LONG}},
        found=16,
    ),
    "pretrain.new_pieces": Key(
        {"pretrain": {**READ, "corpus": UNKNOWN, "new_pieces": 5}},
        read("parameters"),
        "pretrain",
        base={"pretrain": {**READ, "corpus": UNKNOWN}},
    ),
    "pretrain.precision": Key(
        {"pretrain": {**READ, "precision": "bf16"}}, read("losses"), "pretrain", base={"pretrain": READ}
    ),
    "pretrain.probe_every": Key(
        {"pretrain": {**READ, "probe_every": 1}},
        num_looks,
        "pretrain",
        base={"pretrain": READ},
        found=5,
    ),
    "pretrain.patience": Key(
        {"pretrain": {**READ, **UNMOVED, "patience": 2}},
        num_looks,
        "pretrain",
        base={"pretrain": {**READ, **UNMOVED, "patience": 1}},
        found=3,
    ),
    # adapt and train
    "adapt.method": Key({"adapt": "head"}, backbone_moved, found=False),
    "train.epochs": Key(train(epochs=3), steps),
    "train.learning_rate": Key(train(learning_rate=1e-4), rates),
    "train.head_learning_rate": Key(train(head_learning_rate=1e-4), lambda work: weights(work)["head.safetensors"]),
    "train.batch_tokens": Key(train(batch_tokens=64), steps),
    "train.accumulation": Key(train(accumulation=3), None),  # see the test of its own
    "train.optimizer.method": Key(train(optimizer="sgd")),
    "train.weight_decay": Key(train(weight_decay=0.5)),
    "train.schedule.method": Key(train(schedule="constant"), rates),
    "train.average.method": Key(train(average="ema")),
    "train.warmup": Key(train(warmup=0.5), rates),
    "train.clip_norm": Key(train(clip_norm=0.01)),
    "train.dropout": Key(train(dropout=0.5)),
    "train.precision": Key(train(precision="bf16")),
    "train.label_smoothing": Key(train(label_smoothing=0.2)),
    "train.class_weights": Key(train(class_weights="balanced"), base=data(train=FEW_BAD)),
    "train.hard_negatives": Key(
        train(hard_negatives=2),
        num_features,
        "features",
        base={"task": "retrieval", **data(train=tiny_rows("retrieval", 48))},
    ),
    "train.task_temperature": Key(train(task_temperature=1.0), base=APART),
    "train.head_start": Key(train(head_start="probe")),
    "train.validate": Key(train(validate=1), num_scores),
    "train.early_stopping": Key(
        train(**STILL, early_stopping=None), num_scores, base=train(**STILL, early_stopping={"patience": 1}), found=6
    ),
    "train.early_stopping.patience": Key(
        train(**STILL, early_stopping={"patience": 3}),
        num_scores,
        base=train(**STILL, early_stopping={"patience": 1}),
        found=4,
    ),
    # what is told
    "evaluate.before.method": Key(
        {"evaluate": {"before": "zero_shot"}},
        lambda work: [row.name for row in work["evaluate"].table],
        "evaluate",
        found=["majority", "tfidf_linear", "probe", "before_zero_shot", "after"],
    ),
    "evaluate.slices": Key(
        {"evaluate": {"slices": ["label", "text_kind"]}},
        slice_names,
        "evaluate",
        base=data(train=[row | {"text_kind": "a"} for row in ROWS]),
    ),
    "evaluate.unsure_below": Key({"evaluate": {"unsure_below": 1.0}}, is_unsure, found=True),
    # how text is written
    "data.prompt": Key(
        data(train=WRITE["data"]["train"], prompt="{source} ="),
        lambda work: work["task"].prompt,
        "task",
        base=WRITE,
        found="{source} =",
    ),
    "evaluate.decoding.max_new_tokens": writes("max_new_tokens", 5),
    "evaluate.decoding.beams": writes("beams", 3, "num_beams"),
    "evaluate.decoding.length_penalty": writes("length_penalty", 2.0),
    "evaluate.decoding.temperature": writes("temperature", 0.5),
    "evaluate.decoding.samples": writes("samples", 2, "num_return_sequences", temperature=0.5),
    "evaluate.decoding.top_k": writes("top_k", 7, temperature=0.5),
    "evaluate.decoding.top_p": writes("top_p", 0.5, temperature=0.5),
    "evaluate.decoding.min_p": writes("min_p", 0.25, temperature=0.5),
    "evaluate.decoding.repetition_penalty": writes("repetition_penalty", 1.5),
    "evaluate.decoding.no_repeat_ngram": writes("no_repeat_ngram", 3, "no_repeat_ngram_size"),
    "evaluate.decoding.stop": Key(
        {"evaluate": {"decoding": {"stop": ["##"]}}}, lambda work: work["task"].stop, "task", base=WRITE, found=("##",)
    ),
    "evaluate.decoding.enforce": Key(
        {"evaluate": {"decoding": {"enforce": False}}},
        lambda work: "after_free" in {row.name for row in work["evaluate"].table},
        "evaluate",
        base=RULED,
        found=False,
    ),
    "report.texts": Key({"report": {"texts": "none"}}, shows_texts, "report", found=False),
    # the machine
    "time_limit": Key(
        {"time_limit": 0.4},
        lambda work: work["plan"].settings.max_steps is not None,
        "plan",
        base=train(epochs=100_000),
        found=True,
    ),
    "device": Key({"device": "cpu"}, None),  # see the test of its own
    "threads": Key(
        {"threads": 2}, lambda work: (work["placement"].threads, torch.get_num_threads()), "task", found=(2, 2)
    ),
}
PATHS_AND_NAMES = {"extends", "name", "language", "data.train"}
SECTIONS = {
    "model.scratch",
    "pretrain",
    "data",
    "data.split",
    "adapt",
    "train",
    "train.optimizer",
    "train.schedule",
    "train.average",
    "evaluate",
    "evaluate.before",
    "evaluate.decoding",
    "report",
}
NOT_BUILT = {
    *("augment", "search", "explain", "compress", "serve"),
    *("monitor", "review", "retrain"),
}


def test_every_key_of_the_recipe_has_its_row():
    every = {".".join(path) for path in recipe_shape().every_key()}
    assert every == {*KEYS, *PATHS_AND_NAMES, *SECTIONS, *NOT_BUILT}
    assert set(help_lines()) == {key for key in every if not key.endswith("per_label")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, models):
    """Run sections up to a step, each once."""
    root = tmp_path_factory.mktemp("keys")
    chinese = "".join(f"房間很好{i},好\n服務很差{i},差\n" for i in range(5))
    (root / "big5.csv").write_bytes(("text,label\n" + chinese).encode("big5"))
    lines = ("text,label\n" + chinese).encode().splitlines()
    (root / "broken.csv").write_bytes(b"\n".join([*lines[:3], b"\xff\xfe broken," + "好".encode(), *lines[4:]]))
    made: dict[str, Any] = {}

    def run(sections, until):
        sections = {**BASE, **sections}
        model = sections.get("model", "pooled")
        sections["model"] = str(models[model]) if isinstance(model, str) else model
        key = json.dumps([sections, until], ensure_ascii=False)
        if key not in made:
            torch.set_num_threads(1)
            made[key] = dongcha.run(Recipe(folder=root, name=f"k{len(made)}", **sections), until=until)
            if until == "report":
                made[key] = Reported(root / made[key].folder)
        return made[key]

    yield run
    torch.set_num_threads(1)


@dataclass(frozen=True)
class Reported:
    """A finished run, for what is observed in its folder."""

    folder: Any


def merged(base, change):
    """Lay a change over a base, the sections `data` and `train` key by key; what only the base's default says stays."""
    plain = {"data": data()["data"], "train": BASE["train"]}
    found = {**base, **change}
    for section, usual in plain.items():
        if section in base and section in change:
            differs = {k: v for k, v in change[section].items() if k not in usual or v is not usual[k]}
            found[section] = {**base[section], **differs}
    return found


@pytest.mark.parametrize("key", [key for key, row in KEYS.items() if row.observe is not None])
def test_a_key_changes_what_it_says(runs, key):
    row = KEYS[key]
    observed = row.observe(runs(merged(row.base, row.change), row.until))
    if row.refused:
        with pytest.raises(DataError, match=row.refused):
            runs(row.base, row.until)
    else:
        assert observed != row.observe(runs(row.base, row.until))
    if row.found is not None:
        assert observed == row.found


@pytest.mark.parametrize("key", sorted(NOT_BUILT))
def test_a_section_that_is_not_built_is_refused_with_its_name(key):
    *section, last = key.split(".")
    sections = {"data": {"train": ROWS}, "task": "classification", "model": "x"}
    if section:
        sections["data"] = {**sections["data"], last: "x.jsonl"}
    else:
        sections[last] = {"method": "any"}
    with pytest.raises(RecipeError, match=key):
        Recipe(**sections)


def test_accumulation_cuts_a_step_into_parts_and_changes_no_gradient(runs, monkeypatch):
    parts = []
    loss = TaskObjective.loss
    monkeypatch.setattr(TaskObjective, "loss", lambda self, *args: parts.append(1) or loss(self, *args))
    one = runs(train(dropout=0.0), "train")
    ones = len(parts)
    parts.clear()
    three = runs(train(dropout=0.0, accumulation=3), "train")
    assert steps(three) == steps(one)
    timed, taken_again = 1 + min(3, steps(one) // 2), 2  # by the forecast, by the proof that a resume is exact
    assert len(parts) - ones == 2 * (steps(one) + timed + taken_again)
    for name, tensor in load_file(one.folder / "model/model.safetensors").items():
        assert np.allclose(tensor, load_file(three.folder / "model/model.safetensors")[name], atol=2e-3), name


def test_the_device_is_the_one_that_is_asked_for(runs):
    assert recorded("device")(runs({"device": "cpu"}, "checks")) == "cpu"
    assert recorded("threads")(runs({"device": "cpu"}, "checks")) == 1
    if not torch.cuda.is_available():
        assert weights(runs({"device": "cpu"}, "checks")) == weights(runs({}, "train"))
        with pytest.raises(MachineError, match="cuda"):
            runs({"device": "cuda"}, "checks")


def test_the_ways_to_adapt_train_what_they_name(runs):
    moved = {method: runs({"adapt": method}, "train") for method in ("full", "no_embeddings", "last_layers", "head")}
    assert {m: embeddings_moved(w) for m, w in moved.items()} == {
        **{"full": True, "no_embeddings": False, "last_layers": False, "head": False}
    }
    assert {m: backbone_moved(w) for m, w in moved.items()} == {
        **{"full": True, "no_embeddings": True, "last_layers": True, "head": False}
    }
