"""Train nothing: a language model weighs the answers as what would follow, after examples out of the training rows."""

from typing import cast

from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.dataset import Dataset
from dongcha.data.features import Features
from dongcha.models.anatomy import Anatomy
from dongcha.models.model import Model
from dongcha.tasks._base import Task
from dongcha.tasks._in_context import InContext

TRAINS = False  # nothing at all
SHOWN_AS = "in_context"  # what the table calls it
TASKS = ("classification", "choice")  # whose answers are few, and can be written behind a prompt


class Options(BaseModel):
    """What stands before an answer, and what an answer's words are."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    examples: int = Field(0, ge=0, le=64, description="solved training rows before each row, those nearest to it")
    template: str | None = Field(None, min_length=1, description="prompt with the fields of a row in braces")
    words: dict[str, str] = Field({}, description="label: what is weighed for it; else its name")
    calibrate: bool = Field(True, description="take off how likely an answer is after an empty row")


def misfit(task: Task, options: Options) -> tuple[str, str] | None:
    """Return the option that does not fit a task, and one sentence on it."""
    return InContext.misfit(task, options)


def taught(task: Task, train: Dataset, options: Options) -> Task:
    """Return the task as one whose answers a language model weighs."""
    return cast("Task", InContext.taught(task, train, options))


def trained(anatomy: Anatomy, options: Options) -> tuple[str, ...]:
    """Name no parameter."""
    return ()


def start(model: Model, task: Task, features: Features, language: str, options: Options) -> None:
    """Leave the model as it is."""
