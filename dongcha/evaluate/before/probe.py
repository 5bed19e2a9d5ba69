"""Fit the layer on the labels of the training rows: the best that a model gives without changing its weights."""

from pydantic import BaseModel, ConfigDict

from dongcha.data.features import Features
from dongcha.models.model import Model
from dongcha.models.probe import AnyProbe, fit_probe
from dongcha.tasks._base import Task


class Options(BaseModel):
    """Nothing to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def layer(model: Model, task: Task, features: Features, language: str, seed: int, options: Options) -> AnyProbe:
    """Return the fitted layer; of several tasks, one each."""
    return fit_probe(model, features, seed)
