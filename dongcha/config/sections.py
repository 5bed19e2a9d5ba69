"""List the recipe's sections and keys with their kinds and defaults (design, part 4).

In: what `kinds` lets through. Out: frozen sections. Each key's line of help is the message `config.help.<key path>`.
What does not go together is in `conflicts`; the options of methods are their own files' business.
"""

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dongcha.config.kinds import (
    Auto,
    Method,
    Name,
    Names,
    NotBuilt,
    PerLabel,
    Reading,
    Refused,
    Section,
    Source,
    Text,
    method_or,
)
from dongcha.config.near import nearest
from dongcha.locale import say
from dongcha.registry import names

Positive: TypeAlias = Annotated[float, Field(gt=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Threads: TypeAlias = Annotated[int, Field(ge=1, le=1024)]  # of more, libraries may end the process without a word

SOURCES = ("train", "validation", "test", "corpus")  # keys of data that hold a source; `tests` holds more by name
OTHER_TASKS: tuple[str, ...] = ()  # known by name, not built yet


def _read_task(value: Any) -> Any:
    built = names("tasks")
    if isinstance(value, str) and value in OTHER_TASKS and value not in built:
        raise Refused("config.task_not_built", task=value, built=", ".join(built))
    if value not in built:
        raise PydanticCustomError("literal_error", "no task of this name")
    return value


def _tasks() -> dict[str, Any]:
    return {"type": "string", "enum": list(names("tasks"))}


def _codec(name: str) -> str:
    try:
        bytes(4).decode(name if name != "auto" else "utf-8")  # four zero bytes are text in any encoding of text
    except (LookupError, ValueError):
        raise Refused("config.encoding", name=name) from None
    return name


def _tenth(value: Any) -> Any:
    return 0.1 if value is None else value


def _read_pretrain(value: Any) -> Any:
    """Read `mlm` as `{method: mlm}`; a key that is nearly one of the shared ones is no option of a method."""
    if isinstance(value, str):
        return {"method": value}
    for key in value if isinstance(value, Mapping) else ():
        near = () if key in Pretrain.model_fields else nearest(str(key), list(Pretrain.model_fields))
        if near:
            raise Refused("config.unknown_near", (str(key),), near=say("config.or").join(near))
    return value


class _MethodToo(Reading):
    """Read the name of a method as a section that only names it."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        inner = handler(core)
        return {"anyOf": [{"type": "string", "minLength": 1}, *inner.get("anyOf", [inner])]}


def _read_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _no_names(value: Any) -> Any:
    return {} if value is None else value


def _read_one_task(value: Any) -> Any:
    return None if value is None else _read_task(value)  # that one task is named, `conflicts` sees to


def _read_tasks(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    for number, one in enumerate(value):
        if isinstance(one, str) and one not in (*names("tasks"), *OTHER_TASKS):
            near = nearest(one, names("tasks")) or names("tasks")
            raise Refused("config.unknown_task", (number,), found=one, near=", ".join(near))
    return tuple({"task": one} if isinstance(one, str) else one for one in value)


Task: TypeAlias = Annotated[str, Reading(_read_task, _tasks)]
Encoding: TypeAlias = Annotated[str, AfterValidator(_codec)]
Part: TypeAlias = Annotated[Share | PerLabel, Reading(_tenth)]


class Split(Section):
    """How rows are shared out where no file is given for a part; what is left after train goes to test."""

    validation: Part = 0.1
    test: Part = 0.1
    train: Annotated[float, Field(gt=0, le=1)] | PerLabel | None = None
    stratify: bool = True
    group: Annotated[str, Field(min_length=1)] | None = None
    by_time: Annotated[str, Field(min_length=1)] | None = None


class Rows(Section):
    """The team's own text: files or rows in memory, how they are read and shared out."""

    train: Source | None = Field(default=None, repr=False)
    validation: Source | None = Field(default=None, repr=False)
    test: Source | None = Field(default=None, repr=False)
    split: Split = Split()
    columns: Annotated[dict[str, Names], Reading(_no_names)] = Field(default_factory=dict)
    part: Literal["all", "first_line"] = "all"
    duplicates: Literal["keep", "drop"] = "keep"
    encoding: Encoding = "auto"
    encoding_errors: Literal["fail", "replace", "drop"] = "fail"


class Data(Rows):
    """The rows of a recipe, further test sets, and how long texts are met."""

    tests: Annotated[dict[Name, Source], Reading(_no_names)] = Field(default_factory=dict, repr=False)
    allow_tiny: bool = False
    corpus: Source | None = Field(default=None, repr=False)
    max_tokens: Auto | Annotated[int, Field(ge=8)] = "auto"
    long_texts: Literal["auto", "truncate", "windows"] = "auto"
    pairs: Literal["auto", "together", "apart"] = "auto"
    prompt: Annotated[str, Field(min_length=1)] | None = None


class TaskEntry(Section):
    """One of several tasks: what it is called, the columns of its targets, the weight of its loss, rows of its own."""

    task: Task
    name: Name | None = None
    columns: Annotated[dict[str, Names], Reading(_no_names)] = Field(default_factory=dict)
    weight: Positive = 1.0
    data: Rows | None = None

    @property
    def named(self) -> str:
        """What the task is called: its name, else that of its kind."""
        return self.name or self.task


Tasks: TypeAlias = Annotated[tuple[TaskEntry, ...], Reading(_read_tasks)]


class Pretrain(Method):
    """Further reading before the task: a method, its texts, how long; the method's own options stand beside."""

    method: str = Field("auto", min_length=1)
    corpus: Source | None = Field(default=None, repr=False)
    steps: Auto | Count = "auto"
    learning_rate: Auto | Positive = "auto"
    batch_tokens: Auto | Annotated[int, Field(ge=16)] = "auto"
    max_tokens: Auto | Annotated[int, Field(ge=16)] = "auto"
    new_pieces: Annotated[int, Field(ge=0, le=100_000)] = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    probe_every: Auto | Count = "auto"
    patience: Count | None = 3


class Scratch(Section):
    """The shape of an encoder that no one has trained yet; `auto` goes by the length of its texts."""

    layers: Auto | Annotated[int, Field(ge=1, le=64)] = "auto"
    hidden: Auto | Annotated[int, Field(ge=8, le=8192)] = "auto"
    heads: Auto | Count = "auto"
    vocabulary: Auto | Annotated[int, Field(ge=100)] = "auto"
    max_tokens: Auto | Annotated[int, Field(ge=16, le=8192)] = "auto"
    lowercase: bool = True


class FromScratch(Section):
    """A model that begins with its texts: pieces learnt on them, weights drawn from the seed."""

    scratch: Scratch


def _read_model(value: Any) -> Any:
    return {"scratch": {}} if value == "scratch" else value  # a folder of that name is written ./scratch


class EarlyStopping(Section):
    """Stop when the validation score has not risen for so many looks."""

    patience: Count = 2


with warnings.catch_warnings():
    # pydantic warns that the key `validate` hides a deprecated method of its base class, which is what we want.
    warnings.filterwarnings("ignore", message='Field name "validate"')

    class Train(Section):
        """How the weights are trained; `auto` is chosen by task, row count and model."""

        epochs: Auto | Count = "auto"
        learning_rate: Auto | Positive = "auto"
        head_learning_rate: Auto | Positive = "auto"
        batch_tokens: Auto | Annotated[int, Field(ge=16)] = "auto"
        accumulation: Count = 1
        optimizer: Annotated[Method, method_or("adamw")] = Method(method="adamw")
        weight_decay: Annotated[float, Field(ge=0)] = 0.01
        schedule: Annotated[Method, method_or("linear")] = Method(method="linear")
        warmup: Share = 0.1
        average: Annotated[Method, method_or("none")] = Method(method="none")
        clip_norm: Positive | None = 1.0
        dropout: Auto | Share = "auto"
        precision: Literal["auto", "fp32", "bf16"] = "auto"
        label_smoothing: Share = 0.0
        hard_negatives: Annotated[int, Field(ge=0, le=32)] = 0
        class_weights: Literal["none", "balanced"] = "none"
        head_start: Literal["auto", "random", "probe"] = "auto"
        validate: Literal["epoch"] | Count = "epoch"  # type: ignore[assignment]
        early_stopping: EarlyStopping | None = EarlyStopping()
        task_temperature: Annotated[float, Field(ge=1)] = 2.0


class Decoding(Section):
    """How text is written: the likeliest token each time, unless `beams` or `temperature` say otherwise."""

    max_new_tokens: Auto | Count = "auto"
    beams: Annotated[int, Field(ge=1, le=64)] = 1
    length_penalty: float = 1.0
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.0
    samples: Annotated[int, Field(ge=1, le=1000)] = 1
    top_k: Count | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    min_p: Fraction | None = None
    repetition_penalty: Annotated[float, Field(ge=1, le=10)] = 1.0
    no_repeat_ngram: Annotated[int, Field(ge=0, le=20)] = 0
    stop: Annotated[tuple[Text, ...] | None, Reading(_read_list)] = None
    enforce: bool = True


class Evaluate(Section):
    """What is measured beside the whole: what before is, slices by column, answers withheld below a confidence."""

    before: Annotated[Method, method_or("probe")] = Method(method="probe")
    slices: Names = ()
    unsure_below: Fraction | None = None
    decoding: Decoding = Decoding()


class Report(Section):
    """How the user's texts appear in the report."""

    texts: Literal["shown", "masked", "none"] = "shown"


class Sections(Section):
    """All sections of a recipe; the ones that are not built yet admit only null."""

    name: Name = "run"
    language: Literal["zh", "en"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 13
    task: Annotated[str | None, Reading(_read_one_task, _tasks)] = None
    tasks: Tasks | None = None
    data: Data = Data()
    model: Annotated[Text | FromScratch, Reading(_read_model)]
    pretrain: Annotated[Pretrain | None, _MethodToo(_read_pretrain)] = None
    augment: NotBuilt = None
    adapt: Annotated[Method, method_or("full")] = Method(method="full")
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    report: Report = Report()
    search: NotBuilt = None
    explain: NotBuilt = None
    compress: NotBuilt = None
    serve: NotBuilt = None
    monitor: NotBuilt = None
    review: NotBuilt = None
    retrain: NotBuilt = None
    device: Literal["auto", "cpu", "cuda", "mps", "npu"] = "auto"
    threads: Auto | Threads = "auto"
    time_limit: Positive | None = None

    @property
    def reads_only(self) -> bool:
        """Tell whether no task is learnt: texts are read, and that is all."""
        return self.task is None and self.tasks is None
