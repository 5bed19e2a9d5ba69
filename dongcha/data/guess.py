"""Guess what a file is for: the task, the columns that it needs, the labels, the language of the texts.

In: a Look, and what the user has said already. Out: a Guess, or a DataError in one sentence that shows the columns and
names the flags that settle it. Names count first (`label`, `sentiment`, 标签), then looks (few values that repeat).
Writes nothing and chooses no model.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from dongcha.config.messages import our_version
from dongcha.config.sections import OTHER_TASKS
from dongcha.data.checks.language import scripts_of
from dongcha.data.conversion import OTHER_NAMES
from dongcha.data.dialogue import is_dialogue, said
from dongcha.data.entities import ENTITY, PLACES
from dongcha.data.look import Column, Look
from dongcha.data.origin import excerpt
from dongcha.data.tags import parse_tag
from dongcha.errors import DataError, UserError
from dongcha.locale import say
from dongcha.registry import names as known_names

MANY = 20  # different numbers from which a column holds scores; half as many where some are no whole numbers
LABEL_KINDS = ("text", "number", "flag", "mixed", "texts")
LONGEST_LABEL = 60  # characters, on average
CLEARLY_LONGER = 2  # times the next column's mean length, for a column to be the text by its look
CLEAR = 0.8  # share of texts in one language from which the language is clear
ENGLISH = 0.03  # share of a text's words that are common English ones
SHOWN_COLUMNS, SHOWN_CHARACTERS = 12, 24
_ID = re.compile(r"(.*[_\- ])?(id|uid|guid|index|idx|no|number|编号|序号)", re.IGNORECASE)
_ENGLISH_WORDS = frozenset(
    ("the", "and", "of", "to", "is", "was", "for", "you", "that", "this", "with", "my", "what", "how", "are", "it")
)
_BY_INPUTS = (  # tasks that are known by the columns that they read, and what each learns
    ("relation", ("text", "head", "tail"), ("label",)),
    ("choice", ("question", "choices"), ("answer",)),
    ("pairs", ("text_a", "text_b"), ("label", "score")),
    ("qa", ("question", "context"), ("answers",)),
    ("retrieval", ("query", "positive"), ("positive",)),
    ("retrieval", ("query", "relevant"), ("relevant",)),
    ("translation", ("source", "target"), ("target",)),
    ("summarization", ("document", "summary"), ("summary",)),
    ("dialogue", ("messages",), ("reply", "messages")),
    ("generation", ("prompt", "completion"), ("completion",)),
    ("code", ("prompt", "solution"), ("solution",)),
)
WRITES = frozenset({"translation", "summarization", "dialogue", "generation", "code"})  # tasks whose answer is text
WRITTEN = frozenset(name for task, _, targets in _BY_INPUTS if task in WRITES for name in targets)
NO_LABELS = frozenset({"score", "answer", "answers", "positive", "relevant"}) | WRITTEN  # targets that are not labels
_BY_TARGET = {"label": "classification", "score": "regression", "spans": "tagging", "tags": "tagging"}

Fields = dict[str, tuple[str, ...]]  # each field of a task with its columns, the one to learn last
Finder = Callable[[tuple[str, ...]], Iterator[Fields]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the user has said: the columns of the text, the column to learn, the task."""

    text: tuple[str, ...] = ()
    label: str | None = None
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What a file is for.

    `columns` maps each field to its columns; `labels` are sorted, empty for scores and where there are more than are
    counted; `bounds` are the lowest and highest score; `language` is None where it is not clear; `others` are tasks
    that the same file would serve.
    """

    task: str
    columns: Mapping[str, tuple[str, ...]]
    labels: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    language: str | None = None
    others: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Tell whether what is learnt is text that a model writes."""
        return bool(WRITTEN & {*self.columns})

    @property
    def renamed(self) -> dict[str, str | list[str]]:
        """The recipe's `data.columns`: only where names differ."""
        differ = {field: names for field, names in self.columns.items() if names != (field,)}
        return {field: names[0] if len(names) == 1 else list(names) for field, names in differ.items()}


def guess(seen: Look, wanted: Wanted) -> Guess:
    """Guess the task and its columns; raises UserError or DataError where one must be told."""
    built = known_names("tasks")
    if wanted.task is not None and wanted.task not in built:
        key = "config.task_not_built" if wanted.task in OTHER_TASKS else "init.task"
        raise UserError(say(key, task=wanted.task, built=", ".join(built), version=our_version()))
    return _Guessing(seen, wanted).guess()


class _Guessing:
    """The look at one file, with questions that the answer is made of."""

    def __init__(self, seen: Look, wanted: Wanted) -> None:
        self.seen, self.wanted = seen, wanted
        self.columns = {column.name: column for column in seen.columns}
        for flag, names in (("--text", wanted.text), ("--label", (wanted.label,) if wanted.label else ())):
            for name in names:
                if name not in self.columns:
                    self.refuse("init.no_column", name=name, flag=flag)

    def guess(self) -> Guess:
        """Take the first task that fits; the others that would fit are told with it."""
        fitting = list(self.candidates())
        if not fitting:
            self.refuse_unclear()
        fields = fitting[0]
        told = dict.fromkeys(_task_of(fields) for fields in fitting[1:])
        return self.finished(fields, tuple(task for task in told if task != _task_of(fields)))

    def candidates(self) -> Iterator[Fields]:
        """Yield the fields of each task that fits, the likeliest first."""
        known = list(self.by_inputs())
        if known:
            yield from known
            yield from self.places(self.text()) if self.wanted.label is None and self.wanted.task is None else ()
            return
        text = self.text()
        finders: tuple[Finder, ...] = (self.asked, self.tokens, self.spans, self.places)
        if self.wanted.label is None:
            finders = (self.named_label, self.tokens, self.spans, self.places, self.named_score, self.by_look)
        for find in finders:
            for fields in find(text):
                if self.wanted.task in (None, _task_of(fields)):
                    yield fields

    def text(self) -> tuple[str, ...]:
        """Return the text's columns as asked, by name, or by look; empty where nothing is clear."""
        if self.wanted.text:
            return self.wanted.text
        free = [c for c in self.seen.columns if c.name != self.wanted.label and _may_be_text(c)]
        exact = self.columns.get("text")
        named = exact if exact is not None and exact.kind == "text" else _named("text", free)
        if named is None:
            free.sort(key=lambda c: -c.mean_length)
            clear = len(free) == 1 or (free and free[0].mean_length >= CLEARLY_LONGER * free[1].mean_length)
            named = free[0] if clear else None
        return (named.name,) if named else ()

    def by_inputs(self) -> Iterator[Fields]:
        """Take the task whose several inputs are all there, each by its name; refuse one that is not built."""
        if self.wanted.text or self.wanted.task in _BY_TARGET.values():
            return
        for task, inputs, targets in _BY_INPUTS:
            columns = [self.columns.get(name) or self.called(name) for name in inputs]
            if (
                not all(columns)
                or ("text" in self.columns and "text" not in inputs)
                or self.wanted.task not in (None, task)
            ):
                continue
            if task not in known_names("tasks"):
                self.refuse("init.unbuilt", task=task)
            found: Fields = {name: (column.name,) for name, column in zip(inputs, columns, strict=True) if column}
            for target in targets:
                learnt = self.columns[self.wanted.label] if self.wanted.label else _named(target, self.seen.columns)
                if learnt and (target != "label" or not _is_score(learnt)) and (target != "score" or learnt.is_number):
                    yield found | {target: (learnt.name,)}

    def called(self, field: str) -> Column | None:
        """Return the column that files often call a field of several inputs; a lone text is never one of them."""
        if field == "messages":  # many a text is called a dialogue
            return _named(field, [column for column in self.seen.columns if any(map(is_dialogue, column.first))])
        return _named(field, self.seen.columns) if field in ("text_a", "text_b", "choices", "head", "tail") else None

    def named_label(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take the column that is called a label, or the scores in it."""
        column = _named("label", self.free(text, _is_label))
        if text and column is not None:
            yield {"text": text, "label": (column.name,)}
        scores = _named("label", self.free(text, _is_score))
        if text and scores is not None and column is None:
            yield {"text": text, "score": (scores.name,)}

    def tokens(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take a column of tags and the lists beside it that have as many items."""
        for tags in (c for c in self.seen.columns if c.are_tags and self.wanted.label in (None, c.name)):
            beside = [c for c in self.seen.columns if c.kind == "texts" and c is not tags and c.items == tags.items]
            if beside and not self.wanted.text:
                yield {"tokens": (beside[0].name,), "tags": (tags.name,)}

    def spans(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take a column of spans."""
        for column in self.seen.columns:
            if text and column.kind == "spans" and self.wanted.label in (None, column.name):
                yield {"text": text, "spans": (column.name,)}

    def places(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take the places of relations as spans."""
        columns = [self.called(name) for name in PLACES]
        if text and all(columns) and self.wanted.label is None:
            yield {"text": text, "spans": tuple(column.name for column in columns if column)}

    def named_score(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take the column that is called a score: as numbers, or where few values repeat, as labels."""
        column = _named("score", [c for c in self.free(text) if c.is_number])
        if text and column is not None:
            kinds = ("label", "score") if _is_label(column) and not _is_score(column) else ("score",)
            yield from ({"text": text, kind: (column.name,)} for kind in kinds)

    def by_look(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take the only column that looks like labels; where none does, the only one that looks like scores."""
        for kind, looks_so in (("label", _is_label), ("score", _is_score)):
            found = [c for c in self.free(text, looks_so) if not _is_id(c, self.seen.rows) and not c.is_date]
            if text and len(found) == 1:
                yield {"text": text, kind: (found[0].name,)}
            if found:
                return

    def asked(self, text: tuple[str, ...]) -> Iterator[Fields]:
        """Take the column that the user named: as labels unless only scores fit or are asked for."""
        column = self.columns[self.wanted.label or ""]
        if not text or column.are_tags or column.kind == "spans":
            return
        if column.kind in LABEL_KINDS and (self.wanted.task or not _is_score(column)):
            yield {"text": text, "label": (column.name,)}
        if column.is_number:
            yield {"text": text, "score": (column.name,)}

    def free(self, text: Sequence[str], looks_so: Callable[[Column], bool] = bool) -> list[Column]:
        """Return the columns that are not the text, of one look."""
        return [c for c in self.seen.columns if c.name not in text and looks_so(c)]

    def finished(self, fields: Fields, others: tuple[str, ...]) -> Guess:
        """Add labels, bounds and language to the fields."""
        *_, target = fields.values()
        column = self.columns[target[0]]
        labels = set() if NO_LABELS & {*fields} else set(column.values or ())
        if "tags" in fields:
            labels = {parse_tag(tag)[1] for tag in labels} - {""}
        if len(target) > 1 and "spans" in fields:
            labels = {_type_of(value) for name in target for value in self.columns[name].first}
        first = next(iter(fields.values()))
        texts = [text for name in first for text in _texts_of(self.columns[name])]
        return Guess(
            task=_task_of(fields),
            columns=fields,
            labels=tuple(sorted(labels)),
            bounds=(column.low, column.high) if "score" in fields else None,
            language=language_of(texts),
            others=others,
        )

    def refuse(self, key: str, **values: object) -> NoReturn:
        """Raise DataError with the message of a key and the columns, each with a sample."""
        shown = [f"{c.name} ({_sample(c)})" for c in self.seen.columns[:SHOWN_COLUMNS]]
        raise DataError(say(key, source=self.seen.source, columns=", ".join(shown), rows=self.seen.rows, **values))

    def refuse_unclear(self) -> NoReturn:
        """Say what is missing: the text, any labels, or which column holds them."""
        text = self.text()
        if not text and not any(c.are_tags for c in self.seen.columns):
            self.refuse("init.which_text")
        rest = [c for c in self.free(text) if not _is_id(c, self.seen.rows) and not c.is_date]
        if not rest:
            self.refuse("init.no_labels")
        self.refuse("init.which_label", text=", ".join(text))


def _task_of(fields: Mapping[str, object]) -> str:
    by_inputs = (task for task, inputs, _ in _BY_INPUTS if set(inputs) <= {*fields})
    return next(by_inputs, None) or _BY_TARGET[[*fields][-1]]


def renamed_in(names: Iterable[str], fields: Iterable[str]) -> dict[str, str]:
    """Return the columns of a file that hold fields under another name; fields that it lacks are left out."""
    there = set(names)
    near = {field: next((o for o in OTHER_NAMES.get(field, ()) if o in there), None) for field in fields}
    return {field: name for field, name in near.items() if name and field not in there}


def _named(field: str, columns: Iterable[Column]) -> Column | None:
    """Return the column that has a field's name, or one of the names that files often give it."""
    by_name = {column.name.strip().lower(): column for column in reversed(list(columns))}
    return next((by_name[name] for name in (field, *OTHER_NAMES.get(field, ())) if name in by_name), None)


def _texts_of(column: Column) -> list[str]:
    """Return the first values as texts: of lists their items together, of messages what they say."""
    lists = [value if isinstance(value, list) else [value] for value in column.first]
    return [" ".join(str(said(item)) for item in items) for items in lists]


def _may_be_text(column: Column) -> bool:
    varied = column.values is None or len(column.values) > column.filled / 2 or column.filled < MANY
    return column.kind == "text" and not column.is_number and not column.is_date and varied


def _is_label(column: Column) -> bool:
    """Tell whether a column holds a few short values that come again and again."""
    if column.kind not in LABEL_KINDS or column.values is None or column.are_tags:
        return False
    repeated = 2 <= len(column.values) <= max(2, column.filled / 2)
    return repeated and column.mean_length <= LONGEST_LABEL and not _is_score(column)


def _is_score(column: Column) -> bool:
    """Tell whether a column holds numbers of many values."""
    many = MANY if column.is_whole else MANY / 2
    return column.is_number and (column.values is None or len(column.values) > many)


def _is_id(column: Column, rows: int) -> bool:
    """Tell whether a column merely numbers the rows, or is called so."""
    unique = column.values is None or len(column.values) == rows
    return bool(_ID.fullmatch(column.name)) or (column.is_number and column.is_whole and unique)


def _type_of(place: Any) -> str:
    """Return the label that a place brings to tagging."""
    place = json.loads(place) if isinstance(place, str) else place
    return (place.get("type") or ENTITY) if isinstance(place, dict) else ENTITY


def _sample(column: Column) -> str:
    text = excerpt(str(column.first[0])) if column.first else "-"
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def language_of(texts: Sequence[str]) -> str | None:
    """Return `zh` or `en` where nearly all texts are in it, else None: by script, and English by its common words."""
    scripts = [script for script in scripts_of(texts) if script != "none"]
    if not scripts:
        return None
    if scripts.count("zh") >= CLEAR * len(scripts):
        return "zh"
    words = " ".join(texts).lower().split()
    common = sum(word in _ENGLISH_WORDS for word in words)
    is_english = scripts.count("en") >= CLEAR * len(scripts) and common >= ENGLISH * len(words)
    return "en" if is_english else None
