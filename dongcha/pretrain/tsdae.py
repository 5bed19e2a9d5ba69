"""Rebuild a text, most of whose tokens were deleted, from its vector alone (TSDAE, Wang et al. 2021)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field

from dongcha.data.features import Chunk
from dongcha.models.kind import DECODER, ENCODER
from dongcha.models.sentence import Denoiser
from dongcha.models.tokenizer import Tokenizer
from dongcha.objectives.denoise import DenoisingObjective
from dongcha.pretrain._base import Learner
from dongcha.pretrain._blocks import blocks

FITS = (ENCODER, DECODER)
LEARNING_RATE = 3e-5
ROWS = 16


class Options(BaseModel):
    """How much is deleted, and what rebuilds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    deleted: float = Field(0.6, gt=0, lt=1, description="share of the tokens that is deleted")
    decoder_layers: int = Field(1, ge=1, description="layers of the decoder, which is thrown away afterwards")
    alone_steps: int = Field(100, ge=0, description="steps that the decoder trains alone first")


def encode(texts: Sequence[str], tokenizer: Tokenizer, first: int) -> Chunk:
    """Cut texts into blocks."""
    return blocks(texts, tokenizer, first)


def build(folder: Path, tokenizer: Tokenizer, options: Options, seed: int) -> Learner:
    """Load the model with its pooling; the decoder is drawn from `seed`."""
    torch.manual_seed(seed)
    module = Denoiser(folder, options.decoder_layers, tokenizer.max_tokens)
    return Learner(module, DenoisingObjective(tokenizer.pad_id, options.deleted), options.alone_steps)
