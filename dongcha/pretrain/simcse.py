"""Bring two passes of one text through dropout together, and all other texts apart (SimCSE, Gao et al. 2021)."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.features import Chunk
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.heads._base import dropouts
from dongcha.models.kind import DECODER, ENCODER
from dongcha.models.sentence import Sentence
from dongcha.models.tokenizer import Tokenizer
from dongcha.objectives.contrast import ContrastObjective
from dongcha.pretrain._base import Learner
from dongcha.pretrain._blocks import blocks

FITS = (ENCODER, DECODER)
LEARNING_RATE = 3e-5
ROWS = 64
LEAST_DROPOUT = 0.1  # what the paper's models have


class Options(BaseModel):
    """How sharply texts are told apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    temperature: float = Field(0.05, gt=0, description="what cosines are divided by")


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Cut texts into blocks."""
    return blocks(texts, tokenizer, first)


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int) -> Learner:
    """Load the model with its pooling; nothing is new. Without dropout both passes would be the same: it gets some."""
    module = Sentence(folder, LEAST_DROPOUT)
    if not any(dropouts(module.hf.config, 0.0)):
        raise ModelError(say("model.no_dropout", folder=folder))
    return Learner(module, ContrastObjective(options.temperature))
