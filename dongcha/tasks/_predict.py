"""Run a model on rows: encode, compute, decode, a stretch of rows at a time, so that memory stays bounded."""

from collections.abc import Callable, Iterator

import numpy as np

from dongcha.data.dataset import WORDS, Dataset
from dongcha.data.features import Chunk, Features, gather
from dongcha.models.model import Model
from dongcha.models.room import Outputs
from dongcha.models.writing import write
from dongcha.tasks._base import Columns, Searches, Task, Writes, num_rows, rules_of
from dongcha.types import Prediction

Writing = Callable[..., list[np.ndarray]]  # of `models.writing.write`: model, prompts, a Decoding, rules
STRETCH = 4096  # rows encoded, computed and decoded together


def columns_of(task: Task, dataset: Dataset, *, gold: bool) -> list[str]:
    """Name the columns that a task reads of a data set; `gold` says whether its targets are among them."""
    aids = (*rules_of(task), *(getattr(task, "aids", ()) if gold else ()))
    wanted = (*task.fields[: None if gold else task.num_inputs], WORDS, *aids)
    return [name for name in wanted if name in dataset.table.column_names]


def encode(task: Task, model: Model, dataset: Dataset, *, gold: bool = True) -> Iterator[Chunk]:
    """Yield the features of a data set in chunks."""
    first = 0
    for rows in dataset.batches(STRETCH, columns_of(task, dataset, gold=gold)):
        yield task.encode(rows, model.tokenizer, first)
        first += num_rows(rows)


def lay_flat(features: Features, outputs: Outputs) -> np.ndarray:
    """Collect outputs in the features' own order: (N, C) by feature, or (S, C) by token."""
    flat: np.ndarray | None = None
    for indices, out in outputs:
        by_token = out.ndim == 3
        if flat is None:
            rows = int(features.starts[-1]) if by_token else len(features)
            flat = np.zeros((rows, out.shape[-1]), dtype=np.float32)
        if by_token:
            starts = features.starts[indices]
            lengths = features.starts[indices + 1] - starts
            places = np.arange(out.shape[1])
            mask = places < lengths[:, None]
            flat[(starts[:, None] + places)[mask]] = out[mask]
        else:
            flat[indices] = out
    return flat if flat is not None else np.zeros((0, 1), dtype=np.float32)


def ready(task: Task, model: Model, outputs: Callable[[Features], np.ndarray] | None = None) -> Task:
    """Return the task with what its answers need of the model as it is now: the vectors of what it searches.

    `outputs` computes them, where that is not the model as it stands. One that writes needs the model's tokenizer. Most
    tasks need nothing.
    """
    if isinstance(task, Writes):
        return task.reading(model.tokenizer)
    if not isinstance(task, Searches) or task.passages.vectors is not None:
        return task
    compute = outputs or (lambda features: lay_flat(features, model.logits(features)))
    vectors = [compute(gather([chunk])) for chunk in task.encode_passages(model.tokenizer)]
    return task.over(task.passages.ids, task.passages.texts, np.concatenate(vectors))


def predict(task: Task, model: Model, dataset: Dataset) -> Iterator[Prediction]:
    """Yield one prediction a row, in order; gold columns are not even read."""
    task = ready(task, model)
    first = 0
    for rows in dataset.batches(STRETCH, columns_of(task, dataset, gold=False)):
        yield from predict_rows(task, model, rows, first)
        first += num_rows(rows)


def predict_rows(
    task: Task, model: Model, rows: Columns, first_row: int = 0, writing: Writing = write
) -> list[Prediction]:
    """Predict a few rows given as columns; `first_row` is the position of the first one, `writing` lets it write."""
    features = gather([task.encode(rows, model.tokenizer, first_row)])
    if isinstance(task, Writes):
        rules = task.rules_in(rows) if task.writes_by.enforce else ()
        written = writing(model, features, task.writes_by, rules=rules)
        samples = len(written) // max(1, len(features))
        prompts = features if samples == 1 else features.take(np.repeat(np.arange(len(features)), samples))
        features = task.answered(prompts, written, model.tokenizer)
    outputs = lay_flat(features, model.logits(features))
    return renumbered(task.decode(outputs, features, rows, first_row), first_row)


def renumbered(predictions: list[Prediction], first_row: int) -> list[Prediction]:
    """Shift row numbers so that they count from the start of the data set."""
    if first_row == 0:
        return predictions
    return [Prediction(p.row + first_row, p.target, p.confidence, p.probabilities) for p in predictions]
