"""Guess masked words (BERT, Devlin et al. 2019; whole words; Chinese spans after SpanBERT, Joshi et al. 2020).

A folder without a masked-LM head gets one, tied to the embeddings and first trained alone.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.features import Chunk, Features, gather
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.metrics import masked
from dongcha.models.kind import ENCODER
from dongcha.models.masked import METHODS, load_masked
from dongcha.models.tokenizer import Tokenizer
from dongcha.models.unigram import Unigram, counts_of
from dongcha.objectives.mlm import MaskedObjective, Masking
from dongcha.pretrain._base import Learner
from dongcha.pretrain._blocks import blocks
from dongcha.pretrain._surprise import General

FITS = (ENCODER,)
LEARNING_RATE = 5e-5
ROWS = 32
METRICS = masked.metrics()


class Options(BaseModel):
    """What is masked, and how long a new head trains alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    masked: float = Field(0.15, gt=0, lt=1, description="share of the tokens that are to be guessed")
    alone_steps: int = Field(100, ge=0, description="steps that a new head trains alone first")


PLAIN = Options.model_validate({})


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Cut texts into blocks whose tokens know their words."""
    return blocks(texts, tokenizer, first)


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int, *, anew: bool = False) -> Learner:
    """Load the model with its head; one that is not there, or any where it is to be `anew`, is drawn from `seed`."""
    module = load_masked(folder, seed, anew=anew)
    objective = MaskedObjective(masking_of(folder, tokenizer, options.masked))
    return Learner(module, objective, options.alone_steps if module.new else 0)


def masking_of(folder: Path, tokenizer: Tokenizer, share: float = 0.15) -> Masking:
    """Return how a tokenizer's texts are masked: any piece may stand in for another, but no special one."""
    if tokenizer.hf.mask_token_id is None:
        raise ModelError(say("model.no_mask", folder=folder, **METHODS))
    pieces = np.setdiff1d(np.arange(tokenizer.raw.get_vocab_size()), tokenizer.hf.all_special_ids)
    return Masking(int(tokenizer.hf.mask_token_id), pieces, share)


def general(texts: Sequence[str], folder: Path, tokenizer: Tokenizer, seed: int) -> General:
    """Return texts whose masked words are asked for, under the same masks each time."""
    features, objective = gather([blocks(texts, tokenizer, 0)]), MaskedObjective(masking_of(folder, tokenizer))
    return General(features, objective, tokenizer.pad_id, seed, len(texts), METRICS["masked_loss"])


def by_frequency(corpus: Features, num_pieces: int) -> Unigram:
    """Return what guesses by how often a piece stands in the corpus."""
    return Unigram(counts_of(corpus, "input_ids", num_pieces))
