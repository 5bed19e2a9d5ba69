"""Turn texts into unit vectors by a model at hand: the backbone's own pooling, else the mean.

In: a pretrained folder, `package:` or hub name, or a run's folder; texts. Out: vectors (n, H) float32 of length one. A
model card's prefixes for questions and passages (E5's "query: " and "passage: ") go before the texts. Texts longer than
the model reads are cut. Memory is that of a stretch of texts; time grows as their tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dongcha.models.heads._base import CARD, HeadSpec
from dongcha.models.model import Model, build_model, load_model
from dongcha.models.source import locate
from dongcha.models.vectors import unit_vectors
from dongcha.stations.pretrain import MODEL

STRETCH = 4096  # texts encoded and computed together
UNUSED_HEAD = HeadSpec(name="sequence", num_outputs=1, loss="squared_error")


@dataclass(frozen=True)
class Embedder:
    """A model that embeds: the name that the user gave it, SHA-256 and `beside` as its `Source` has them."""

    model: Model
    name: str
    sha256: str
    beside: str
    query_prefix: str = ""
    passage_prefix: str = ""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors (n, H) of questions."""
        return self._embed([self.query_prefix + text for text in texts])

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors (n, H) of passages."""
        return self._embed([self.passage_prefix + text for text in texts])

    def _embed(self, texts: list[str]) -> np.ndarray:
        parts = [unit_vectors(self.model, texts[i : i + STRETCH]) for i in range(0, len(texts), STRETCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self.width), dtype=np.float32)

    @property
    def width(self) -> int:
        """H, the numbers of a vector."""
        return int(self.model.module.backbone.config.hidden_size)


def load_embedder(name: str, *, base: Path, cache: Path, query_prefix: str = "", passage_prefix: str = "") -> Embedder:
    """Load the model of a name (below `base`), a run's folder or its `model/` too; raises ModelError."""
    run = next((f for f in (base / name / MODEL, base / name) if (f / CARD).is_file()), None)
    if run is not None:
        source, model = locate(str(run.absolute()), base=base, cache=cache), load_model(run)
    else:
        name = str(Path(name) / MODEL) if (base / name / MODEL / "config.json").is_file() else name  # learnt no task
        source = locate(name, base=base, cache=cache)
        model = build_model(source.folder, UNUSED_HEAD, max_tokens=None, seed=0, card={})
    return Embedder(model, name, source.sha256, source.beside, query_prefix, passage_prefix)
