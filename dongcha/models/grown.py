"""Give a model further pieces for a domain, each begun as the mean of those it is made of.

In: a model's folder and texts. Out: a Source whose folder is the same model with a longer vocabulary and embedding
table; plain Transformers loads it. Which pieces: those that byte-pair merging goes on to make of the model's own pieces
inside words (Sennrich et al. 2016, algorithm 1), the most frequent first. A new row of a table, and of an output
layer's bias, is the mean of the rows of its parts (Gee et al. 2022, "Fast Vocabulary Transfer", section 3), so the
model reads a new piece at once about as it read the parts. Knows no task and no training.

The three kinds of vocabulary take a piece each in its own way: word pieces match the longest first, so an entry does;
byte pairs need the merges, behind all others; a unigram piece is just likelier than its parts in a row.

Shape letters: V pieces of the vocabulary, S tokens, H hidden width.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer as Trained
from tokenizers import models, pre_tokenizers, trainers
from transformers import AutoConfig

from dongcha import files
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.scratch import Corpus
from dongcha.models.source import VOCABULARIES, Source, weight_files
from dongcha.models.tokenizer import CJK, Tokenizer, load_tokenizer

NAME, FACTS = "grown", "grown.json"
VERSION = 2  # of what the cache holds; raised whenever the same texts would now give another folder
FEWEST = 10  # times that a new piece must occur: a row of a table that is seldom read learns nothing
MOST_TOKENS = 20_000_000  # of the corpus that are looked at: 80 MB
MOST_PARTS = 8  # of the model's own pieces in a new one
OTHER_FORMS = ("*.bin", "*.h5", "*.msgpack", "*.onnx", "onnx", "openvino")  # of the weights, which would be stale
SHOWN = 10  # new pieces that are told
AT_ONCE = 1_000  # texts tokenised together
JUST_LIKELIER = 1e-3  # a unigram piece than its parts, in nats for each part beyond the first
FIRST_LETTER = 0x10000  # each piece is written as one letter for the trainer: beyond this there are 2**20 of them
CHINESE = re.compile(CJK)
OPENS = ("▁", "Ġ")  # a piece that begins a word
TABLES = re.compile(
    r"(embed\w*|shared|wte|lm_head|decoder|predictions|vocab_projector)\.(weight|bias)$|final_logits_bias$"
)


@dataclass(frozen=True)
class Piece:
    """A new piece: the model's own pieces that it is made of, and the two halves that were merged."""

    parts: tuple[int, ...]
    halves: tuple[tuple[int, ...], tuple[int, ...]]


def grow(source: Source, pieces: int, corpus: Corpus, cache: Path, *, isolates_cjk: bool = False) -> Source:
    """Return the model with at most `pieces` new ones, made at the first call; ModelError where none is worth it.

    `isolates_cjk` where Chinese characters will be read apart: no piece that joins them would ever be met.
    """
    key = files.hash_value([NAME, VERSION, source.sha256, source.beside, corpus.fingerprint, pieces, isolates_cjk])
    home = cache / "models" / f"{NAME}-{key[:16]}"
    if not files.is_done(home):
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False, local_files_only=True)
        tokenizer = load_tokenizer(source.folder, config)
        ids = ids_of(_reading(source.folder, config, isolates_cjk), corpus.texts())
        found = merged(tokenizer, ids, pieces, isolates_cjk=isolates_cjk)
        if not found:
            raise ModelError(say("model.no_new_pieces", source=corpus.source, fewest=FEWEST))
        with files.new_folder(home) as new:
            facts = _write(new / "model", source.folder, tokenizer, found)
            after = ids_of(_reading(new / "model", config, isolates_cjk), corpus.texts(), len(ids[0]))
            facts |= {"texts": len(ids[0]), "tokens": [len(ids[1]), len(after[1])]}
            files.write_json(new / FACTS, facts)
    folder, facts = home / "model", files.read_json(home / FACTS)
    digest = files.hash_value([files.hash_file(path) for path in weight_files(folder)])
    return Source(source.name, folder, digest, beside=key, grown=facts, original=source)


def _reading(folder: Path, config: Any, isolates_cjk: bool) -> Tokenizer:
    """Load a folder's tokenizer as the task will read with it."""
    tokenizer = load_tokenizer(folder, config)
    if isolates_cjk and tokenizer.joins_cjk():
        tokenizer.isolate_cjk()
    return tokenizer


Ids = tuple[np.ndarray, np.ndarray]  # tokens of each text (n,), all tokens end to end (S,)


def ids_of(tokenizer: Tokenizer, texts: Iterable[str], most_texts: int | None = None) -> Ids:
    """Return the pieces of texts, of so many of them, or else until there are MOST_TOKENS."""
    lengths, ids, count = [], [], 0
    waiting = iter(texts if most_texts is None else islice(texts, most_texts))
    while part := list(islice(waiting, AT_ONCE)):
        found = tokenizer.encode(part)
        lengths.append(found.lengths)
        ids.append(found.ids)
        count += len(found.ids)
        if most_texts is None and count >= MOST_TOKENS:
            break
    none = np.zeros(0, dtype=np.int32)
    return np.concatenate([none, *lengths]), np.concatenate([none, *ids])


def merged(tokenizer: Tokenizer, ids: Ids, pieces: int, *, isolates_cjk: bool) -> list[Piece]:
    """Return at most `pieces` merges of the model's own pieces, in the order in which they were made."""
    names = names_of(tokenizer)
    lengths, ids_S = ids
    spelt, inside = letters(names, tokenizer), inside_of(tokenizer)
    if isolates_cjk:
        spelt &= np.array([not CHINESE.search(name) for name in names])
    opens = np.array([not name.startswith(inside) if inside else name.startswith(OPENS) for name in names])
    learner = Trained(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    alphabet = int(spelt[np.unique(ids_S)].sum())
    longest = MOST_PARTS + 1  # what the trainer calls the most is one too many
    trainer = trainers.BpeTrainer(
        vocab_size=alphabet + pieces, min_frequency=FEWEST, max_token_length=longest, show_progress=False
    )
    learner.train_from_iterator(words_in(lengths, ids_S, spelt, opens), trainer)
    merges = json.loads(learner.to_str())["model"]["merges"]
    halves = [tuple(tuple(ord(letter) - FIRST_LETTER for letter in half) for half in pair) for pair in merges]
    return [Piece((*left, *right), (left, right)) for left, right in halves]


def names_of(tokenizer: Tokenizer) -> list[str]:
    """Return the pieces as the vocabulary spells them, by id."""
    known = tokenizer.raw.get_vocab(with_added_tokens=True)
    names = [""] * (max(known.values()) + 1)
    for name, number in known.items():
        names[number] = name
    return names


def letters(names: list[str], tokenizer: Tokenizer) -> np.ndarray:
    """Tell which pieces are letters alone (V,): numbers, signs and special tokens go into no new piece."""
    special = {*tokenizer.raw.get_added_tokens_decoder()}
    inside = inside_of(tokenizer)
    spelt = (tokenizer.hf.convert_tokens_to_string([name]).strip().removeprefix(inside) for name in names)
    return np.array([number not in special and text.isalpha() for number, text in enumerate(spelt)])


def inside_of(tokenizer: Tokenizer) -> str:
    """Return what stands before a piece that goes on within a word; "" where a sign stands before the others."""
    return str(getattr(tokenizer.raw.model, "continuing_subword_prefix", None) or "")


def words_in(lengths: np.ndarray, ids_S: np.ndarray, spelt: np.ndarray, opens: np.ndarray) -> Iterator[str]:
    """Yield texts with a letter for each piece, and blanks between words and in the place of other pieces."""
    blank, starts = ord(" "), np.cumsum(lengths) - lengths
    begins_S = opens[ids_S] | ~spelt[ids_S]
    begins_S[starts[lengths > 0]] = True
    written_S = np.where(spelt[ids_S], ids_S.astype(np.uint32) + FIRST_LETTER, blank).astype("<u4")
    for texts in range(0, len(lengths), AT_ONCE):
        part = slice(int(starts[texts]), int((starts + lengths)[texts : texts + AT_ONCE][-1]))
        yield np.insert(written_S[part], np.flatnonzero(begins_S[part]), blank).tobytes().decode("utf-32-le")


def _write(folder: Path, original: Path, tokenizer: Tokenizer, found: list[Piece]) -> dict[str, Any]:
    """Write the grown model; return its facts: new pieces, and the first of them as people read them."""
    names = names_of(tokenizer)
    raw = json.loads(tokenizer.raw.to_str())
    added = add_pieces(raw, found, names, inside_of(tokenizer))
    known = {*VOCABULARIES, "merges.txt", "*.safetensors", *OTHER_FORMS}  # an index of shards still holds
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns(*known), symlinks=False)
    files.write_text(folder / "tokenizer.json", json.dumps(raw, ensure_ascii=False))
    config = files.read_json(folder / "config.json")
    size = vocabulary_size(config)
    rows = max(size, len(names) + len(added))
    set_vocabulary_size(config, rows)
    files.write_json(folder / "config.json", config)
    for path in weight_files(original):
        save_file(grown_tables(path, size, rows, len(names), added), folder / path.name, metadata={"format": "pt"})
    spelt = [tokenizer.hf.convert_tokens_to_string([names[part] for part in parts]).strip() for parts in added[:SHOWN]]
    return {"pieces": len(added), "first": spelt}


def add_pieces(raw: dict[str, Any], found: list[Piece], names: list[str], inside: str) -> list[tuple[int, ...]]:
    """Add pieces to a tokenizer as JSON; return the parts of those that it did not have, in the order of their ids."""
    model, known = raw["model"], {*names}
    kind = model["type"]
    if kind == "Unigram" and len(names) > len(model["vocab"]):
        raise ModelError(say("model.no_room_for_pieces"))
    added: list[tuple[int, ...]] = []
    spelt: dict[tuple[int, ...], str] = {}

    def spell(parts: tuple[int, ...]) -> str:
        first, *others = (names[part] for part in parts)
        return spelt.get(parts) or first + "".join(other.removeprefix(inside) for other in others)

    for piece in found:
        name = spelt[piece.parts] = spell(piece.parts)
        if kind == "BPE":
            model["merges"].append(_as_others(model["merges"], [spell(half) for half in piece.halves]))
        if name in known:
            continue
        known.add(name)
        if kind == "Unigram":
            score = sum(model["vocab"][part][1] for part in piece.parts) + JUST_LIKELIER * (len(piece.parts) - 1)
            model["vocab"].append([name, score])
        else:
            model["vocab"][name] = len(names) + len(added)
        added.append(piece.parts)
    return added


def _as_others(merges: list[Any], pair: list[str]) -> Any:
    """Return a merge in the form of those that there are: two strings, or one with a blank between."""
    return " ".join(pair) if merges and isinstance(merges[0], str) else pair


def grown_tables(path: Path, size: int, rows: int, first: int, added: list[tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Return the tensors of a file; tables have `rows` now, those from `first` on the means of parts."""
    found = {}
    with safe_open(path, framework="pt") as weights:
        for name in weights.keys():  # noqa: SIM118 (no mapping)
            tensor = weights.get_tensor(name)
            is_row = tensor.shape == (1, size)  # a bias as BART has it
            table = tensor[0] if is_row else tensor
            if TABLES.search(name) and table.shape[0] == size:
                longer = table.new_zeros((rows, *table.shape[1:]))
                longer[:size] = table
                for number, parts in enumerate(added):
                    longer[first + number] = table[list(parts)].float().mean(dim=0).to(table.dtype)
                tensor = longer[None] if is_row else longer
            found[name] = tensor
    return found


def vocabulary_size(config: Mapping[str, Any]) -> int:
    """Return how many rows a model's tables have by its configuration."""
    return int((config if "vocab_size" in config else config["text_config"])["vocab_size"])


def set_vocabulary_size(config: dict[str, Any], rows: int) -> None:
    """Write another number of rows into a configuration, also where it is nested."""
    for part in (config, config.get("text_config")):
        if isinstance(part, dict) and "vocab_size" in part:
            part["vocab_size"] = rows
