"""Make the honest "before": the pretrained backbone as it is, with a linear layer fitted on the same training rows."""

from dongcha.data.dataset import Dataset
from dongcha.data.features import gather
from dongcha.models.model import Model
from dongcha.models.probe import Probe, vectors_of
from dongcha.tasks._base import Task
from dongcha.tasks._predict import STRETCH, columns_of, ready, renumbered
from dongcha.types import Prediction


def predict_frozen(task: Task, model: Model, probe: Probe, dataset: Dataset) -> list[Prediction]:
    """Predict rows with the frozen backbone and the probe, a stretch of rows at a time."""
    task = ready(task, model, lambda features: probe(vectors_of(model, features)))
    found: list[Prediction] = []
    for rows in dataset.batches(STRETCH, columns_of(task, dataset, gold=False)):
        first = len(found)
        features = gather([task.encode(rows, model.tokenizer, first)])
        outputs = probe(vectors_of(model, features))
        found.extend(renumbered(task.decode(outputs, features, rows, first), first))
    return found
