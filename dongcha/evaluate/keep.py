"""Keep predictions on disk: `predictions/<split>.parquet` with row, gold, predicted, confidence and probabilities."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dongcha import files
from dongcha.data.dataset import ROW, TASK, Dataset
from dongcha.tasks._base import Task
from dongcha.tasks._writes import CANDIDATES
from dongcha.types import Prediction


def keep_predictions(path: Path, task: Task, dataset: Dataset, predictions: Sequence[Prediction]) -> None:
    """Write a split's predictions as Parquet, whole or not at all; spans and label lists stand as JSON.

    With several targets each has columns of its own, `gold_<field>` and `predicted_<field>`; where tasks have rows of
    their own, `task` says whose a row is, and gold of the others is null. Of a row for which several texts were written
    all stand in `candidates`.
    """
    targets = task.fields[task.num_inputs :]
    columns: dict[str, Any] = {
        "row": dataset.column(ROW) if ROW in dataset.table.column_names else list(range(1, len(dataset) + 1))
    }
    if TASK in dataset.table.column_names:
        columns["task"] = dataset.column(TASK)
    for name in targets:
        end = f"_{name}" if len(targets) > 1 else ""
        columns[f"gold{end}"] = [plain(value) for value in dataset.column(name)]
        columns[f"predicted{end}"] = [plain(p.target[name]) for p in predictions]
    if predictions and CANDIDATES in predictions[0].target:
        columns[CANDIDATES] = [plain(p.target[CANDIDATES]) for p in predictions]
    columns["confidence"] = [p.confidence for p in predictions]
    if predictions and predictions[0].probabilities:
        columns["probabilities"] = [list(p.probabilities) for p in predictions]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    files.write_bytes(path, sink.getvalue().to_pybytes())


def plain(value: Any) -> str | float | None:
    """Return a target as a cell: text, numbers and nothing as they are, the rest as JSON."""
    return value if value is None or isinstance(value, str | float | int) else json.dumps(value, ensure_ascii=False)
