"""Make the honest "before": the pretrained backbone as it is, with a linear layer that moves none of its weights."""

from dongcha.data.dataset import Dataset
from dongcha.data.features import Features, gather
from dongcha.models.model import Model
from dongcha.models.probe import AnyProbe, frozen_outputs
from dongcha.tasks._base import Columns, Task, Writes
from dongcha.tasks._predict import STRETCH, columns_of, predict, ready, renumbered
from dongcha.types import Prediction


def predict_frozen(task: Task, model: Model, probe: AnyProbe, dataset: Dataset) -> list[Prediction]:
    """Predict rows with the frozen backbone and a layer, a stretch of rows at a time; a model that writes has none."""
    if isinstance(task, Writes):
        return list(predict(task, model, dataset))
    task = ready(task, model, lambda features: frozen_outputs(model, probe, features))
    found: list[Prediction] = []
    for rows in dataset.batches(STRETCH, columns_of(task, dataset, gold=False)):
        first = len(found)
        features = gather([task.encode(rows, model.tokenizer, first)])
        outputs = frozen_outputs(model, probe, features)
        found.extend(renumbered(task.decode(outputs, features, rows, first), first))
    return found


def settle_frozen(task: Task, model: Model, probe: AnyProbe, features: Features, rows: Columns) -> Task:
    """Return the task with what validation rows decide for the layer, as they do for the trained model."""
    if isinstance(task, Writes):
        return task
    outputs = frozen_outputs(model, probe, features)
    return ready(task, model, lambda own: frozen_outputs(model, probe, own)).settle(outputs, features, rows)
