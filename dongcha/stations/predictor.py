"""Put a finished run to use: load its model once, predict texts or rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from dongcha import files
from dongcha.data.dataset import Dataset
from dongcha.data.features import Features
from dongcha.data.forms.rules import ATTRIBUTES, RULES
from dongcha.data.load import ReadOptions, load
from dongcha.errors import DataError, ModelError, UserError
from dongcha.locale import say
from dongcha.metrics._rules import given
from dongcha.models.heads._base import CARD
from dongcha.models.model import COLUMNS, UNSURE_BELOW, Model, load_model
from dongcha.models.writing import stream as written_aloud
from dongcha.stations.pretrain import MODEL
from dongcha.tasks._base import Task, Writes, is_numeric, rules_of
from dongcha.tasks._model import saved_task
from dongcha.tasks._predict import STRETCH, columns_of, predict_rows

Row = Mapping[str, Any]
TAG = ATTRIBUTES.value_type.names
FILE = "FILE"  # what messages call the file to predict, as the help pages do


@dataclass(frozen=True)
class Predictor:
    """A model with its task. `unsure_below` turns answers less sure than that into None, said as `unsure: true`."""

    model: Model
    task: Task
    unsure_below: float | None = None

    @property
    def first_field(self) -> str:
        """The field that a text by itself is read as."""
        return self.task.fields[0]

    def predict(
        self, rows: Iterable[str | Row], *, at_once: int = STRETCH, stream: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield one dict a row, in order: the task's target fields, `confidence`, and the row's `id` if it has one.

        Rows are texts, or dicts with the task's input fields; gold fields are not read. `at_once` rows are taken from
        the iterable before the first of them is answered; `stream` is what messages call them, standard input say.
        """
        for dataset in self.datasets(rows, at_once, stream):
            for _, answer in self.predict_dataset(dataset):
                yield answer

    def stream(self, row: str | Row, hear: Callable[[str], None], stream: str = "") -> dict[str, Any]:
        """Answer one row, telling `hear` of each piece of the text as it is written; return the answer as `predict`.

        Of several samples there is one.
        """
        if not isinstance(self.task, Writes):
            raise UserError(say("stations.no_stream", task=self.task.name))
        if self.task.writes_by.beams > 1:
            raise UserError(say("stations.no_stream_of_beams"))

        def writing(model: Model, prompts: Features, decoding: Any, **more: Any) -> list[np.ndarray]:
            return written_aloud(model, prompts, decoding.model_copy(update={"samples": 1}), hear, **more)

        (dataset,) = self.datasets([row], 1, stream)
        rows = next(dataset.batches(1, columns_of(self.task, dataset, gold=False)))
        (found,) = predict_rows(self.task, self.model, rows, writing=writing)
        return self.answer(dataset.rows([0])[0], found.target, found.confidence)

    def datasets(self, rows: Iterable[str | Row], at_once: int = STRETCH, stream: str = "") -> Iterator[Dataset]:
        """Yield rows as data sets of `at_once` rows, as they come."""
        waiting, done = iter(rows), 0
        while part := [self._inputs(row) for row in islice(waiting, at_once)]:
            yield self._read(part, ReadOptions(columns=self._columns_of_rules(), rows_before=done, stream=stream))
            done += len(part)

    def _inputs(self, row: str | Row) -> Row:
        """Take what is read of a row; one that lacks it goes on whole, so that the refusal can say what it has."""
        inputs = self.task.fields[: self.task.num_inputs]
        if isinstance(row, str):
            if len(inputs) > 1:
                raise UserError(say("stations.several_inputs", task=self.task.name, fields=", ".join(inputs)))
            return {inputs[0]: self.task.opened(row) if isinstance(self.task, Writes) else row}
        whole = {*inputs} <= {*row} or "tokens" in row
        named = chain.from_iterable(self._columns_of_rules().values())
        split = () if {"text", "spans"} <= {*row} else ("tokens",)  # as in a file, whose text is then the truth
        known = (*inputs, *rules_of(self.task), *named, *split, "id")
        return {k: v for k, v in row.items() if k in known} if whole else row

    def predict_file(self, file: str, column: str | None = None) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Yield (the user's own columns, the answer) for each row of a file.

        `column` names the one with the text; without it, the columns that the model was trained on where the file has
        them, else the field's own name.
        """
        return self.predict_dataset(self.dataset(file, column))

    def dataset(self, file: str, column: str | None = None) -> Dataset:
        """Read a file as `predict_file` does."""
        named = {self.first_field: column} if column else {}
        inputs = {*self.task.fields[: self.task.num_inputs], "tokens"}
        trained_on = {field: names for field, names in self._trained_on().items() if field in inputs}
        ruled = self._columns_of_rules()
        return self._read_either(file, trained_on | named | ruled, named | ruled)

    def gold(self, file: str) -> Dataset:
        """Read a file's rows with what the task is to find, by the columns of training or else the fields' names."""
        return self._read_either(file, self._trained_on(), {}, given="--gold", need_gold=True, by_name=True)

    def _trained_on(self) -> dict[str, Any]:
        """Return the columns of training by field; a card of earlier versions has those of the text alone."""
        found = self.model.card.get(COLUMNS) or {}
        return dict(found) if isinstance(found, Mapping) else {self.first_field: found}

    def _columns_of_rules(self) -> dict[str, list[str]]:
        """Return the columns of training that make what rows may ask beside their inputs, by field."""
        found = {field: names for field, names in self._trained_on().items() if field in rules_of(self.task)}
        return {field: [names] if isinstance(names, str) else list(names) for field, names in found.items()}

    def _read_either(self, file: str, trained_on: Mapping[str, Any], named: Mapping[str, Any], **how: Any) -> Dataset:
        """Read a file by the columns of training, else by the fields' own names; where both fail, say the first why."""
        try:
            return self._read(file, ReadOptions(columns=trained_on), **how)
        except DataError as first:
            if trained_on == named:
                raise
            try:
                return self._read(file, ReadOptions(columns=named), **how)
            except DataError:
                raise first from None

    def _read(
        self, source: Any, options: ReadOptions, *, given: str = FILE, need_gold: bool = False, by_name: bool = False
    ) -> Dataset:
        where: dict[str, Any] = {"base": Path.cwd(), "cache": None, "given": given, "by_name": by_name}
        fields = (*self.task.fields, *(f"{name}?" for name in rules_of(self.task)))
        return load(source, fields, options=options, need_gold=need_gold, **where)

    def predict_dataset(self, dataset: Dataset) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Yield (the user's own columns, the answer) for each row, a stretch of rows at a time."""
        reads = columns_of(self.task, dataset, gold=False)
        made = [name for name, names in self._columns_of_rules().items() if {*names} & {*dataset.columns}]
        own = [name for name in dataset.columns if name not in made]
        for rows in dataset.batches(STRETCH):
            found = predict_rows(self.task, self.model, {name: rows[name] for name in reads})
            for i, prediction in enumerate(found):
                row = {name: as_given(rows[name][i]) for name in own}
                yield row, self.answer(row, prediction.target, prediction.confidence)

    def answer(self, row: Row, target: Mapping[str, Any], confidence: float) -> dict[str, Any]:
        """Return what is said of one row."""
        told: dict[str, Any] = {"id": row["id"]} if row.get("id") is not None else {}
        told |= target
        told["confidence"] = round(confidence, 4)
        if self.unsure_below is not None and confidence < self.unsure_below:
            told |= dict.fromkeys(target) | {"unsure": True}
        return told


def as_given(value: Any) -> Any:
    """Return a value of the user's own column: no `type` that a place never had, no rule that is none, tags mapped."""
    if isinstance(value, Mapping) and RULES.names == [*value]:
        return given(value)
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and [*one] == TAG for one in value):
        return {one["name"]: one["value"] for one in value}
    is_untyped = isinstance(value, Mapping) and not value.get("type", "given")
    return {key: part for key, part in value.items() if key != "type"} if is_untyped else value


def load_predictor(folder: Path, unsure_below: float | None = None) -> Predictor:
    """Load a run's model; `folder` is the run's or the model's own.

    Without `unsure_below` the model's own holds, from the recipe's `evaluate:`; 0 withholds nothing.
    """
    found = next((f for f in (folder / MODEL, folder) if (f / CARD).is_file()), None)
    run = folder.parent if folder.name == MODEL else folder
    if found is None and files.is_done(run) and (run / MODEL / "config.json").is_file():
        raise UserError(say("pretrain.no_predict", folder=run, model=run / MODEL))
    if found is None:
        raise ModelError(say("model.not_ours", folder=folder, missing=CARD))
    model = load_model(found)
    task = saved_task(model, found)
    if unsure_below and is_numeric(task):  # a number comes without a probability
        raise UserError(say("stations.no_confidence", task=task.name))
    return Predictor(model, task, model.card.get(UNSURE_BELOW) if unsure_below is None else unsure_below)
