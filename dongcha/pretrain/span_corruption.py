"""Write the spans that were taken out of a text: T5's span corruption (Raffel et al. 2020, section 3.1.4).

For models of an encoder and a decoder whose tokenizer has sentinels (`<extra_id_0>` and so on).
"""

from collections.abc import Sequence
from itertools import count, takewhile
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.features import Chunk, Features, gather
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.metrics import perplexity
from dongcha.models.heads import writer
from dongcha.models.kind import TWO_SIDED
from dongcha.models.tokenizer import Tokenizer
from dongcha.models.unigram import UnigramWriter, counts_of
from dongcha.objectives.span_corruption import Corruption, SpanObjective
from dongcha.pretrain._base import Learner
from dongcha.pretrain._blocks import blocks
from dongcha.pretrain._surprise import General

FITS, WRITES = (TWO_SIDED,), True
LEARNING_RATE = 1e-4
ROWS = 16
METRICS = perplexity.metrics()


class Options(BaseModel):
    """How much is taken out, in spans how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    corrupted: float = Field(0.15, gt=0, lt=1, description="share of the tokens that are taken out")
    mean_span: float = Field(3.0, ge=1, description="tokens of a span on average")


PLAIN = Options.model_validate({})


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Cut texts into blocks whose tokens know whether they are of the text; of a single token nothing can be taken."""
    found = blocks(texts, tokenizer, first)
    kept = found.lengths > len(tokenizer.prefix) + len(tokenizer.suffix) + 1
    of_kept = np.repeat(kept, found.lengths)
    tokens = {name: column[of_kept] for name, column in found.tokens.items()}
    units = {name: column[kept] for name, column in found.units.items()}
    return Chunk(found.lengths[kept], tokens, units, found.facts)


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int) -> Learner:
    """Load the model with its output layer; nothing is new."""
    corruption = corruption_of(folder, tokenizer, options)
    return Learner(writer.build(folder, writer.SPEC), SpanObjective(corruption))


def general(texts: Sequence[str], folder: Path, tokenizer: Tokenizer, seed: int) -> General:
    """Return texts of which the same spans are asked for each time; sentinels, which no text has, are not counted."""
    features, objective = gather([encode(texts, tokenizer, 0)]), SpanObjective(corruption_of(folder, tokenizer, PLAIN))
    return General(features, objective, tokenizer.pad_id, seed, len(texts), METRICS["token_loss"])


def by_frequency(corpus: Features, num_pieces: int) -> UnigramWriter:
    """Return what guesses by how often a piece stands in the corpus."""
    return UnigramWriter(counts_of(corpus, "input_ids", num_pieces))


def corruption_of(folder: Path, tokenizer: Tokenizer, options: Options) -> Corruption:
    """Return how a tokenizer's texts are corrupted; one without sentinels is refused."""
    numbered = (tokenizer.raw.token_to_id(f"<extra_id_{number}>") for number in count())
    sentinels = list(takewhile(lambda found: found is not None, numbered))
    if not sentinels:
        raise ModelError(say("model.no_sentinels", folder=folder))
    behind = tokenizer.suffix if len(tokenizer.suffix) else np.array([tokenizer.end_id])
    return Corruption(np.array(sentinels), tokenizer.prefix, behind, options.corrupted, options.mean_span)
