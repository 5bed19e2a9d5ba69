"""Learn no task: read texts, and be judged by how well masked words of others are guessed.

Rows: `text`. It stands where a recipe says `task: null`; its model gives each text a vector and its head stays as it
came, so whoever reads a task's texts and fields reads those of a corpus too. Metrics: `metrics/masked.py`.
"""

from dataclasses import dataclass
from typing import Any, Self

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk
from dongcha.metrics.masked import metrics
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts, Unlabelled
from dongcha.tasks._whole import encode_whole
from dongcha.types import NO_TASK

LONG_TEXTS = "windows"  # what `long_texts: auto` means here: a corpus is cut into blocks, and nothing is lost


@dataclass(frozen=True, kw_only=True)
class Task(Unlabelled):
    """Texts without anything that is to be said of them."""

    lengths: Lengths

    name = NO_TASK
    fields = ("text",)
    num_inputs = 1
    head = "embedding"
    loss = "cosine_error"  # of the head that the vectors come by; nothing trains it
    num_outputs = 0
    isolates_cjk = False
    baselines = ()
    metrics = metrics()

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Take texts as they are: there is nothing to find in them."""
        return cls(lengths=lengths)

    def texts(self, rows: Columns) -> Texts:
        """Return the text."""
        return (rows["text"],)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn texts into features, without targets."""
        return encode_whole(self.texts(rows), tokenizer, self.lengths, first_row)

    def card(self) -> dict[str, Any]:
        """Return what features depend on; no model is saved with it."""
        return {"task": self.name, "long_texts": self.lengths.long_texts}
