"""Train nothing: the head's linear layer is set from descriptions of the labels."""

from dataclasses import replace

from dongcha.data.features import Features
from dongcha.models.anatomy import Anatomy
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import Model
from dongcha.models.probe import is_as_it_is, set_head
from dongcha.tasks._base import Task
from dongcha.tasks._cloze import set_words, template_of
from dongcha.tasks._described import ZeroShot, layer_by_texts

TRAINS = False  # not even the head


class Options(ZeroShot):
    """What the labels mean, and how texts are compared with that."""


def trained(anatomy: Anatomy, options: Options) -> tuple[str, ...]:
    """Name no parameter."""
    return ()


def shaped(spec: HeadSpec, options: Options) -> HeadSpec:
    """Ask for a head that is one linear layer on the texts' own vectors, also where the folder names no pooling."""
    if options.by == "similarity":
        return replace(spec, pooling="mean")
    return replace(spec, name="cloze", template=template_of(options, spec.labels))


def start(model: Model, task: Task, features: Features, language: str, options: Options) -> None:
    """Set the head from the labels' descriptions; of the training features the labels are not read.

    A task that compares the texts of a row themselves has no layer to set.
    """
    if is_as_it_is(task.head):
        return
    if options.by == "cloze":
        set_words(model, task.labels, features, options)
    else:
        set_head(model, layer_by_texts(model, task, features, language, options))
