"""Give tests tiny models and runs that were finished once for the whole session; nobody may write into them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from dongcha.data.plan import plan_epoch
from dongcha.loop.clock import Clock
from dongcha.pretrain import _study
from dongcha.stations import begin, plan, pretrain_plan
from dongcha.train.forecast import Forecast

TRAIN = {"epochs": 6, "learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_tokens": 256}
SPLIT = {"validation": 0.2, "test": 0.3}
ROWS = 120
FAST = {"threads": 1, "language": "en", "train": TRAIN}

GOOD, BAD = ("很好", "干净", "安静"), ("很差", "脏", "吵")


def zh_reviews(count: int = ROWS) -> list[dict[str, Any]]:
    """Rows of Chinese reviews, 好评 and 差评 in turn."""
    words = {"好评": GOOD, "差评": BAD}
    labels = ["好评", "差评"] * count
    return [
        {"text": f"房间{words[label][i % 3]}服务{words[label][i % 2]}{i}", "label": label}
        for i, label in zip(range(count), labels, strict=False)
    ]


def zh_tags(count: int = ROWS) -> list[dict[str, Any]]:
    """Rows of Chinese tokens and tags: one place a sentence, no spaces."""
    rows = []
    for i in range(count):
        place = ("北京", "上海")[i % 2]
        tokens = [*"我们在", *place, *"服务很好", str(i)]
        tags = ["O"] * 3 + ["B-LOC", "I-LOC"] + ["O"] * 5
        rows.append({"id": f"z{i}", "tokens": tokens, "tags": tags})
    return rows


def multi_reviews(count: int = ROWS) -> list[dict[str, Any]]:
    """Rows with none, one or two of the labels `clean` and `quiet`."""
    wanted = (("clean",), ("quiet",), ("clean", "quiet"), ())
    rows = []
    for i in range(count):
        labels = wanted[i % 4]
        told = " and ".join(labels) or "bad"
        rows.append({"text": f"the room {i} was {told}", "label": list(labels)})
    return rows


def tiny_roberta(folder: Path) -> Path:
    """Write a random masked language model whose pieces are byte-level, the blank before a word in its first one."""
    import torch
    import transformers
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=letters)
    tokenizer.train_from_iterator(["the room was good and it was bad, the room was good"] * 9, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": AddedToken("<mask>", lstrip=True)}
    reads = ["input_ids", "attention_mask"]
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=128, model_input_names=reads, **names
    )
    fast.save_pretrained(folder)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    size = {"vocab_size": len(fast), "max_position_embeddings": 130, "type_vocab_size": 1, "pad_token_id": 1}
    torch.manual_seed(0)
    transformers.RobertaForMaskedLM(transformers.RobertaConfig(**shape, **size)).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Finished:
    """A finished run: its report, its folder, the recipe, and the moments it told."""

    report: Any
    folder: Path
    recipe: Any
    moments: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def told(self, moment: str) -> list[dict[str, Any]]:
        """The facts of each moment of a name."""
        return [facts for name, facts in self.moments if name == moment]

    def copy(self, target: Path) -> Path:
        """Copy the run's folder, for a test that writes into it."""
        return shutil.copytree(self.folder, target)


Runner = Callable[..., Finished]


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> dict[str, Path]:
    """Tiny models: `pooled` (a sentence encoder), `native` (plain classes), `joins` (long pieces), `writes`."""
    from dongcha.testing import tiny_encoder, tiny_writer

    root = tmp_path_factory.mktemp("models")
    return {
        "pooled": tiny_encoder(root / "pooled"),
        "native": tiny_encoder(root / "native", pooling=None),
        "joins": tiny_encoder(root / "joins", joins_cjk=True),
        "writes": tiny_writer(root / "writes"),
    }


@pytest.fixture(scope="session")
def finish(tmp_path_factory) -> Runner:
    """Run a recipe's sections to the end in a folder of their own."""
    import dongcha

    def runner(workspace: Path | None = None, **sections: Any) -> Finished:
        root = workspace or tmp_path_factory.mktemp("run")
        recipe = dongcha.Recipe(folder=root, **{**FAST, **sections})
        moments: list[tuple[str, dict[str, Any]]] = []
        report = dongcha.run(recipe, watch=lambda moment, **facts: moments.append((moment, facts)))
        return Finished(report, root / report.folder, recipe, moments)

    return runner


@pytest.fixture
def no_charts(monkeypatch):
    """Leave the drawing of charts out of reports: it takes most of a tiny run's time, and has tests of its own."""
    from dongcha.report import charts

    monkeypatch.setattr(charts, "_drawn", lambda draw: "<svg></svg>")


@pytest.fixture(scope="session")
def reviews(finish, models) -> Finished:
    """English reviews, a pooled head."""
    from dongcha.testing import tiny_rows

    rows = tiny_rows("classification", ROWS)
    return finish(
        name="reviews", task="classification", data={"train": rows, "split": SPLIT}, model=str(models["pooled"])
    )


@pytest.fixture(scope="session")
def reviews_zh(finish, models) -> Finished:
    """Chinese reviews, a head that Transformers has, in Chinese."""
    train = {**TRAIN, "learning_rate": 1e-3, "head_learning_rate": 1e-3, "batch_tokens": 64}
    data = {"train": zh_reviews(), "split": SPLIT}
    model = str(models["native"])
    return finish(name="酒店评论", language="zh", task="classification", data=data, model=model, train=train)


@pytest.fixture(scope="session")
def topics(finish, models) -> Finished:
    """Rows with several labels."""
    return finish(
        name="topics",
        task="classification",
        data={"train": multi_reviews(), "split": SPLIT},
        model=str(models["pooled"]),
    )


@pytest.fixture(scope="session")
def places(finish, models) -> Finished:
    """English texts with spans."""
    from dongcha.testing import tiny_rows

    rows = tiny_rows("tagging", ROWS)
    return finish(name="places", task="tagging", data={"train": rows, "split": SPLIT}, model=str(models["native"]))


@pytest.fixture(scope="session")
def places_zh(finish, models) -> Finished:
    """Chinese tokens and tags, no spaces, on a vocabulary whose pieces join characters."""
    return finish(
        name="places-zh",
        task="tagging",
        data={"train": zh_tags(), "split": SPLIT},
        model=str(models["joins"]),
    )


class Died(Exception):
    """Stands for a death of the process."""


def dies(moment, count=1):
    """Watch a run and die at the n-th moment of a name."""
    seen = []

    def watch(found, **facts):
        seen.extend([found] if found == moment else [])
        if len(seen) == count and found == moment:
            raise Died

    return watch


def stopped_once(monkeypatch, run, moment, count):
    """Let a run die at the n-th moment of a name, and return what the same run then ends in."""
    saves_always(monkeypatch)
    with pytest.raises(Died):
        run(watch=dies(moment, count))
    return run()


def saves_always(monkeypatch):
    """Make training, and pretraining, save a checkpoint after every step."""

    def often(settings):
        return replace(settings, checkpoint_seconds=-1.0)

    settings, fit = plan.loop_settings, _study.fit
    monkeypatch.setattr(plan, "loop_settings", lambda recipe: often(settings(recipe)))
    monkeypatch.setattr(_study, "fit", lambda **parts: fit(**parts | {"settings": often(parts["settings"])}))


STEP, STAGE = 0.02, 0.3  # seconds that an optimiser step and a step of the run take here; all else takes none


class Hands:
    """A clock that moves only when a run tells of something: no machine is too slow for it."""

    def __init__(self):
        self.shown, self.pace = 0.0, 1.0

    def __call__(self):
        return self.shown

    def watch(self, told=lambda moment, **facts: None):
        """Return a watch that moves the hands, then tells."""

        def tell(moment, **facts):
            self.shown += self.pace * {"step": STEP, "step_ends": STAGE}.get(moment, 0.0)
            told(moment, **facts)

        return tell


def foreseen(model, objective, train, judged, settings, placement):
    """Forecast what the hands will show."""
    steps = settings.epochs * len(plan_epoch(train.lengths, settings.batch_tokens, settings.seed, 0))
    return Forecast(STEP * steps, 100.0, 0.0, steps, settings.accumulation)


@pytest.fixture
def hands(monkeypatch):
    """Put a clock of our own, and the forecast that fits it, into every run that begins."""
    found = Hands()
    monkeypatch.setitem(begin.__globals__, "Clock", lambda limit, age: Clock(limit, age, now=found))
    for planner in (plan, pretrain_plan):
        monkeypatch.setattr(planner, "forecast", foreseen)
    return found
