"""Make an encoder that no one has trained yet, in the cache: word pieces learnt on texts, weights drawn from a seed.

In: texts, their content's hash, the shape that a recipe asks for. Out: a Source whose folder is an ordinary
Transformers one (BertForMaskedLM), the same for the same texts, shape and seed. Knows no task and no training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from dongcha import files
from dongcha.config.sections import Scratch
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.pieces import Alphabet, Texts, learn_pieces
from dongcha.models.source import Source

NAME = "scratch"
VERSION = 1  # of what the cache holds; raised whenever the same texts would now give another folder
SHAPE = "shape.json"  # beside the model's folder
# Characters of text from which a model of so many layers and so wide pays: small texts fill no large model.
SIZES = ((0, 2, 128), (1_000_000, 4, 256), (20_000_000, 6, 384))
HEAD_WIDTH = 64
INNER = 4  # times the width, inside a layer
SHORT_TOKENS, LONG_TOKENS = 128, 256  # longest input; the latter where some text has more characters than the former


@dataclass(frozen=True)
class Corpus:
    """Texts to learn pieces on: how they are called, the hash of their content, and a way to go through them."""

    source: str
    fingerprint: str
    texts: Texts


def make(asked: Scratch, corpus: Corpus, seed: int, cache: Path) -> Source:
    """Return the new model for a corpus, made at the first call; raises ModelError where it cannot be."""
    key = files.hash_value([NAME, VERSION, corpus.fingerprint, asked.model_dump(mode="json"), seed])
    home = cache / "models" / f"{NAME}-{key[:16]}"
    if not files.is_done(home):
        alphabet = Alphabet.of(corpus.texts(), lowercase=asked.lowercase)
        shape = shape_of(asked, alphabet, corpus.source)
        with files.new_folder(home) as new:
            _write(new / "model", shape, corpus, alphabet, seed)
            files.write_json(new / SHAPE, shape)
    folder = home / "model"
    shape = files.read_json(home / SHAPE)
    return Source(NAME, folder, files.hash_file(folder / "model.safetensors"), shape)


def shape_of(asked: Scratch, alphabet: Alphabet, source: str) -> dict[str, Any]:
    """Return a shape without `auto`: by the length of the texts, the more of them the larger."""
    if not any(alphabet.kept(alphabet.pieces)):
        raise ModelError(say("model.no_pieces", source=source))
    layers, hidden = next((layers, width) for least, layers, width in reversed(SIZES) if alphabet.length >= least)
    rules = {"layers": layers, "hidden": hidden, "vocabulary": alphabet.pieces}
    rules["max_tokens"] = LONG_TOKENS if alphabet.longest > SHORT_TOKENS else SHORT_TOKENS
    stated = {key: value for key, value in asked.model_dump(mode="json").items() if value != "auto"}
    shape = rules | stated
    shape.setdefault("heads", _heads(shape["hidden"]))
    if shape["hidden"] % shape["heads"]:
        raise ModelError(say("model.uneven_heads", hidden=shape["hidden"], heads=shape["heads"]))
    return shape


def _heads(hidden: int) -> int:
    """Return the most heads that share a width evenly and are no narrower than usual."""
    return next(heads for heads in range(max(1, hidden // HEAD_WIDTH), 0, -1) if hidden % heads == 0)


def _write(folder: Path, shape: Mapping[str, Any], corpus: Corpus, alphabet: Alphabet, seed: int) -> None:
    pieces, longest = shape["vocabulary"], shape["max_tokens"]
    tokenizer = learn_pieces(corpus.texts(), alphabet, pieces, lowercase=shape["lowercase"], max_tokens=longest)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        num_hidden_layers=shape["layers"],
        hidden_size=shape["hidden"],
        num_attention_heads=shape["heads"],
        intermediate_size=INNER * shape["hidden"],
        max_position_embeddings=longest,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = transformers.BertForMaskedLM(config)
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
