"""Learn no task: read texts, and be judged by how well tokens of others are guessed.

Rows: `text`. It stands where a recipe says `task: null`; its model gives each text a vector, or writes, and its head
stays as it came, so whoever reads a task's texts and fields reads those of a corpus too. Metrics: those of the way to
read, `metrics/masked.py` or `metrics/perplexity.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk
from dongcha.metrics import Metric, masked
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts, Unlabelled
from dongcha.tasks._whole import encode_whole
from dongcha.types import NO_TASK

LONG_TEXTS = "windows"  # what `long_texts: auto` means here: a corpus is cut into blocks, and nothing is lost


@dataclass(frozen=True, kw_only=True)
class Task(Unlabelled):
    """Texts without anything that is to be said of them."""

    lengths: Lengths
    head: str = "embedding"
    loss: str = "cosine_error"  # of the head that the vectors come by; nothing trains it
    num_outputs: int = 0
    metrics: Mapping[str, Metric] = field(default_factory=masked.metrics)

    name = NO_TASK
    fields = ("text",)
    num_inputs = 1
    isolates_cjk = False
    baselines = ()

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """Take texts as they are: there is nothing to find in them."""
        return cls(lengths=lengths)

    def written(self, metrics: Mapping[str, Metric]) -> Self:
        """Return the same for a model that writes, judged by these metrics."""
        return replace(self, head="writer", loss="next_token", num_outputs=1, metrics=metrics)

    def texts(self, rows: Columns) -> Texts:
        """Return the text."""
        return (rows["text"],)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn texts into features, without targets."""
        return encode_whole(self.texts(rows), tokenizer, self.lengths, first_row)

    def card(self) -> dict[str, Any]:
        """Return what features depend on; no model is saved with it."""
        return {"task": self.name, "long_texts": self.lengths.long_texts}
