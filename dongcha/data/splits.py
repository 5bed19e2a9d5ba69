"""Bring a recipe's data in: files read, repeats dropped on demand, the splits that no file gives cut from train.

In: the `data:` section. Out: `Splits`. Knows no model and no task, only its fields.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from dongcha.config.kinds import PerLabel as AskedPerLabel
from dongcha.config.sections import SOURCES, Data, Split
from dongcha.data.dataset import Dataset
from dongcha.data.duplicates import drop_repeats
from dongcha.data.fields import form
from dongcha.data.load import ReadOptions, load
from dongcha.data.rows import target_fields
from dongcha.data.split import PerLabel, SplitOptions, make_splits
from dongcha.errors import DataError, RecipeError
from dongcha.locale import say

MAIN = ("train", "validation", "test")
CORPUS = ("doc", "text")  # fields of a document


@dataclass(frozen=True)
class Splits:
    """The data sets of a run by name; `made` names those that we cut ourselves; `dropped` counts repeats left out.

    `corpus` holds documents to be searched (`doc`, `text`), where the recipe names them; it is no set of rows.
    `unlabelled`: the rows of train have no targets, those of all other sets have.
    """

    by_name: Mapping[str, Dataset]
    made: frozenset[str]
    dropped: int
    corpus: Dataset | None = None
    unlabelled: bool = False

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the sets that are judged on: `test` first, then the extra ones."""
        return tuple(name for name in self.by_name if name not in ("train", "validation"))

    @property
    def fingerprints(self) -> dict[str, str]:
        """The content of each set as a SHA-256, for the run's hash."""
        corpus = {} if self.corpus is None else {"corpus": self.corpus}
        return {name: dataset.fingerprint for name, dataset in {**self.by_name, **corpus}.items()}


def read_options(data: Data) -> ReadOptions:
    """Return how the recipe wants files read."""
    return ReadOptions(
        columns=data.columns, part=data.part, encoding=data.encoding, encoding_errors=data.encoding_errors
    )


def key_of(name: str) -> str:
    """Return the key of a recipe that gives a set: an extra one stands in `data.tests`."""
    return f"data.{name}" if name in SOURCES else f"data.tests.{name}"


def read_splits(  # noqa: PLR0913 (the door to all sets: each argument is a thing of its own)
    data: Data,
    fields: tuple[str, ...],
    *,
    seed: int,
    base: Path,
    cache: Path | None,
    given: Callable[[str], str] = str,
    need_targets: bool = True,
) -> Splits:
    """Read all sets of a recipe and cut the missing ones from train; `given` says of a key where it was written.

    Unless they `need_targets`, the rows of train may be without: nothing is cut from such rows, for it could not judge.
    """
    options = read_options(data)
    sources = {name: getattr(data, name) for name in MAIN} | dict(data.tests)
    where: dict[str, Any] = {"base": base, "cache": cache}
    read: dict[str, Dataset] = {}
    for name, source in sources.items():  # train comes first
        if source is not None:
            need_gold = True if need_targets or read else None
            how: dict[str, Any] = {"options": options, "name": name, "given": given(key_of(name)), **where}
            found = load(source, fields, need_gold=need_gold, **how)
            read[name] = _labelled_alike(found, read["train"], fields) if read else found
            fields = present(fields, read["train"])
    unlabelled = not need_targets and {*target_fields(fields)}.isdisjoint(read["train"].columns)
    if unlabelled:
        refuse_to_cut(data.split, given)
    dropped = 0
    if data.duplicates == "drop":
        read["train"], dropped, _ = drop_repeats(read["train"], needed(fields))
    wanted = _wanted(data)
    made: dict[str, Dataset] = {}
    if wanted.asked and not unlabelled:
        forms = {form(name): name for name in reversed(fields)}  # of several labels the first
        label = (forms.get("label") or forms.get("score")) if data.split.stratify else None
        made = make_splits(read["train"], wanted, label_field=label, seed=seed, fields=needed(fields))
    named = {name: dataset for name, dataset in read.items() if name != "train"}
    everything = read | made | named  # what is left of train never stands in for a file that was given
    order = [name for name in (*MAIN, *data.tests) if name in everything]
    corpus = None
    if data.corpus is not None:
        columns = {field: data.columns[field] for field in CORPUS if field in data.columns}
        documents = ReadOptions(columns=columns, encoding=data.encoding, encoding_errors=data.encoding_errors)
        corpus = load(data.corpus, CORPUS, options=documents, name="corpus", given=given(key_of("corpus")), **where)
    made_names = frozenset(made) - {"train", *named}
    return Splits({name: everything[name] for name in order}, made_names, dropped, corpus, unlabelled)


def _labelled_alike(dataset: Dataset, train: Dataset, fields: tuple[str, ...]) -> Dataset:
    """Return a set with its single labels as lists of one where train has lists; refuses lists where it has none."""
    table = dataset.table
    for field in [name for name in fields if form(name) == "label" and {name} <= {*dataset.columns} & {*train.columns}]:
        kind, wanted = (rows.table.schema.field(field).type for rows in (dataset, train))
        if pa.types.is_list(kind) and pa.types.is_string(wanted):
            facts = {"field": field, "name": dataset.name, "train": train.source}
            raise DataError(say("read.label_lists", source=dataset.source, **facts))
        if pa.types.is_string(kind) and pa.types.is_list(wanted):
            labels = [None if label is None else [label] for label in table.column(field).to_pylist()]
            table = table.set_column(table.schema.get_field_index(field), field, pa.array(labels, wanted))
    return dataset if table is dataset.table else replace(dataset, table=table)


def refuse_to_cut(split: Split, given: Callable[[str], str]) -> None:
    """Refuse what a recipe asks of a split where no row has a target; shares that nobody asked for are as nothing."""
    for name, field in Split.model_fields.items():
        if getattr(split, name) not in (field.default, 0):
            raise RecipeError(say("read.split_unlabelled", given=given(f"data.split.{name}")))


def present(fields: tuple[str, ...], dataset: Dataset) -> tuple[str, ...]:
    """Return the fields with each `a|b` settled as the data set has it."""
    return tuple(
        next(name for name in field.split("|") if name in dataset.columns or "|" not in field) for field in fields
    )


def needed(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that every row has: an `a?` is there only where a file has it."""
    return tuple(field for field in fields if not field.endswith("?"))


def _wanted(data: Data) -> SplitOptions:
    """Say what must be cut from train: the parts that no file gives; a share of 0 asks for nothing."""
    test = None if data.test is not None or data.split.train is not None else data.split.test
    return SplitOptions(
        validation=None if data.validation is not None else _wish(data.split.validation),
        test=_wish(test),
        train=_wish(data.split.train),
        stratify=data.split.stratify,
        group=data.split.group,
        by_time=data.split.by_time,
    )


def _wish(asked: float | AskedPerLabel | None) -> float | PerLabel | None:
    if isinstance(asked, AskedPerLabel):
        return PerLabel(asked.per_label)
    return asked or None
