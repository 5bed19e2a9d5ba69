"""Tell what a model is made for: to read a text from both sides, to write on from its left, or to read and then write.

In: a model's folder. Out: one of three words, by the classes that Transformers has for its architecture.
"""

from pathlib import Path
from typing import Any

import transformers

from dongcha.errors import ModelError
from dongcha.locale import say

ENCODER, DECODER, TWO_SIDED = "encoder", "decoder", "encoder_decoder"


def kind_of(folder: Path) -> str:
    """Return the kind; some encoders can also be laid out as decoders, though no one trained them to write."""
    try:
        config: Any = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # each configuration fails in its own way
        raise ModelError(say("model.unreadable", folder=folder, error=str(error).split("\n")[0][:160])) from error
    if getattr(config, "is_encoder_decoder", False):
        return TWO_SIDED
    reads, writes = transformers.AutoModelForMaskedLM._model_mapping, transformers.AutoModelForCausalLM._model_mapping
    return DECODER if type(config) in writes and type(config) not in reads else ENCODER
