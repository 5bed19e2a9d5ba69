"""Put together what the stage takes: a tiny model made ready, features, validation rows, settings."""

import hashlib
from dataclasses import dataclass

import pyarrow as pa

from dongcha.adapt import adapt
from dongcha.config import Recipe
from dongcha.data.dataset import Dataset
from dongcha.data.features import gather
from dongcha.data.splits import Splits
from dongcha.loop import LoopSettings
from dongcha.loop.placement import place
from dongcha.models.source import Source
from dongcha.registry import find
from dongcha.tasks._model import learn, model_for
from dongcha.tasks._predict import encode
from dongcha.testing import tiny_rows
from dongcha.train import train
from dongcha.train.train import Examined
from dongcha.types import silent


def settings_of(**changed):
    plain = {"seed": 3, "epochs": 3, "batch_tokens": 200, "learning_rate": 3e-3, "head_learning_rate": 1e-2}
    return LoopSettings(**(plain | {"checkpoint_seconds": 1e9} | changed))


def as_dataset(name, rows):
    return Dataset(name, "memory", pa.Table.from_pylist(rows))


def examine(task, model, rows):
    dataset = as_dataset("validation", rows)
    return Examined(gather(encode(task, model, dataset)), {name: dataset.column(name) for name in task.fields})


def parted(row):
    """Return a dialogue's row as reading leaves it: the history, and what is replied to it."""
    *before, last = row["messages"]
    return {"messages": before, "reply": last["content"], "__asked__": before[-1]["content"]}


@dataclass
class Parts:
    """A task, its model, its training features and validation rows; each made anew, so that it may be trained."""

    task: object
    model: object
    features: object
    validation: object

    @classmethod
    def make(cls, folder, task_name="classification", rows=None, valid_rows=None, data=None, **options):
        rows = rows or tiny_rows(task_name, 60)
        recipe = Recipe(task=task_name, data={"train": rows, **(data or {})}, model=str(folder), train=options)
        valid_rows = valid_rows or tiny_rows(task_name, 90)[60:]
        if task_name == "dialogue":  # its rows are parted where they are read
            rows, valid_rows = ([parted(row) for row in some] for some in (rows, valid_rows))
        dataset = as_dataset("train", rows)
        sets = {"train": dataset, "validation": as_dataset("validation", valid_rows)}
        task = learn(recipe, Splits(sets, frozenset(), 0))
        model = model_for(recipe, task, Source("tiny", folder, ""), dataset)
        return cls(task, model, gather(encode(task, model, dataset)), examine(task, model, valid_rows))

    def adapted(self, method="full", **options):
        return adapt(self.model, method, find("adapt", method).Options(**options))

    def train(self, settings=None, method="full", start=None, folder=None, watch=silent, validated=True):
        return train(
            self.adapted(method),
            self.task,
            self.features,
            self.validation if validated else None,
            settings or settings_of(),
            start=start,
            placement=place("cpu", 1),
            folder=folder,
            watch=watch,
        )


def digest(module):
    found = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.detach().numpy().tobytes())
    return found.hexdigest()
