"""Set the layer from descriptions of the labels: what the model gives to those who have labelled nothing."""

from dongcha.data.features import Features
from dongcha.models.model import Model
from dongcha.models.probe import Probe
from dongcha.tasks._base import Task
from dongcha.tasks._described import ZeroShot, layer_by_texts


class Options(ZeroShot):
    """What the labels mean."""


def layer(model: Model, task: Task, features: Features, language: str, seed: int, options: Options) -> Probe:
    """Return the layer of the descriptions; of the training rows the texts alone are read."""
    return layer_by_texts(model, task, features, language, options)
