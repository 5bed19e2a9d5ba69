"""Turn texts into token ids with their places in the text, and frame them with the model's special tokens.

In: texts. Out: flat arrays, no Python object a token. Wraps a fast Transformers tokenizer; its special tokens are
found by inspection, so that truncation and windows are ours and the same for every model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, pre_tokenizers
from transformers import AutoTokenizer

from dongcha.data import tags
from dongcha.data.features import bounds, within
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.source import VOCABULARIES

# The characters themselves, since no escape beyond four digits means the same to Python and to `tokenizers`, which took
# \U00020000 for letters and digits.
CJK = "[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in tags.CJK) + "]"
OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet", "longformer", "xlm-roberta-xl"})
MANY = 10**6  # a model_max_length above this means that none was stated


@dataclass(frozen=True)
class Encoded:
    """Token ids of n texts laid end to end (S,), without special tokens, and where each lies in its text.

    `begin` and `end` (S,) are character offsets into the text as given; `starts` (n + 1,) bound the texts.
    """

    ids: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    starts: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text (n,), special ones left out."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class PairFrame:
    """What frames two texts: `special` ids before, between and after with their type ids; `types` of the two texts.

    Types are all 0 where the model reads none.
    """

    special: tuple[tuple[np.ndarray, np.ndarray], ...]
    types: tuple[int, int]

    @classmethod
    def of(cls, raw: Any, plain: Sequence[int], *, typed: bool) -> "PairFrame":
        """Find the frame by framing the pair ("a", "a"), whose ids by themselves are `plain`."""
        framed = raw.encode("a", "a")
        ids, size = framed.ids, len(plain)
        types = framed.type_ids if typed else [0] * len(ids)
        first = next(i for i in range(len(ids)) if ids[i : i + size] == plain)
        second = next(i for i in range(first + size, len(ids)) if ids[i : i + size] == plain)
        bounds = ((0, first), (first + size, second), (second + size, len(ids)))
        special = tuple((np.array(ids[a:b], np.int32), np.array(types[a:b], np.int32)) for a, b in bounds)
        return cls(special, (types[first], types[second]))


class Tokenizer:
    """A fast tokenizer with its special tokens known.

    `prefix` and `suffix` are the ids that frame a single text, `pair` what frames two; `max_tokens` is the longest
    framed sequence; `end_id` ends a text that is written; `typed` says whether the model tells two texts apart by type
    ids, `two_sided` whether what is written stands apart from what is read, as with an encoder and a decoder;
    `holds_blanks` whether pieces hold the blank before a word, as byte-level ones do, and `opening` is what stands
    right before every text that is encoded, as part of its first token.
    """

    def __init__(self, hf: Any, max_tokens: int, *, typed: bool = False, two_sided: bool = False) -> None:
        self.hf = hf
        self.two_sided = two_sided
        self.raw = hf.backend_tokenizer
        self.raw.no_truncation()
        self.raw.no_padding()
        framed = self.raw.encode("a").ids
        plain = self.raw.encode("a", add_special_tokens=False).ids
        at = next((i for i in range(len(framed)) if framed[i : i + len(plain)] == plain), 0)
        self.prefix = np.array(framed[:at], dtype=np.int32)
        self.suffix = np.array(framed[at + len(plain) :], dtype=np.int32)
        self.holds_blanks = self.raw.encode("a a", add_special_tokens=False).ids != plain * 2
        self.opening = ""
        self.pair = PairFrame.of(self.raw, plain, typed=typed and "token_type_ids" in hf.model_input_names)
        end = hf.eos_token_id if hf.eos_token_id is not None else hf.sep_token_id
        self.end_id = None if end is None else int(end)
        fills = (hf.pad_token_id, self.end_id, 0)  # without a pad token 0 is mostly an ordinary letter
        self.pad_id = int(next(one for one in fills if one is not None))
        self.unknown_id = None if hf.unk_token_id is None else int(hf.unk_token_id)
        stated = hf.model_max_length if hf.model_max_length < MANY else max_tokens
        self.max_tokens = min(max_tokens, stated)

    @property
    def room(self) -> int:
        """Tokens that the special ones leave for the text."""
        return self.max_tokens - len(self.prefix) - len(self.suffix)

    @property
    def pair_room(self) -> int:
        """Tokens that the special ones leave for two texts together."""
        return self.max_tokens - sum(len(part) for part, _ in self.pair.special)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Tokenise texts without special tokens; one native call, all cores."""
        found = self.raw.encode_batch([self.opening + text for text in texts], add_special_tokens=False)
        lengths = np.fromiter((len(e) for e in found), dtype=np.int64, count=len(found))
        ids = np.fromiter((i for e in found for i in e.ids), dtype=np.int32, count=int(lengths.sum()))
        places = np.fromiter((p for e in found for o in e.offsets for p in o), dtype=np.int32, count=2 * len(ids))
        places = np.maximum(places - len(self.opening), 0)
        return Encoded(ids, places[::2], places[1::2], bounds(lengths))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the framed ids of each text, uncut; for checks that look at single texts."""
        return [e.ids for e in self.raw.encode_batch(list(texts))]

    def plain_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, uncut, without special tokens."""
        return [e.ids for e in self.raw.encode_batch(list(texts), add_special_tokens=False)]

    def isolate_cjk(self) -> None:
        """Make each CJK character begin a token of its own, so that character spans can be told apart.

        Sentence-piece vocabularies join Chinese characters into one piece, which may straddle the bounds of a span.
        The change goes into the tokenizer itself, so it is saved with the model and plain Transformers applies it too.
        """
        split = pre_tokenizers.Split(Regex(CJK), "isolated")
        before = self.raw.pre_tokenizer
        if isinstance(before, pre_tokenizers.Metaspace):
            before = pre_tokenizers.Metaspace(replacement=before.replacement, prepend_scheme="first")
        self.raw.pre_tokenizer = pre_tokenizers.Sequence([split, before]) if before else split

    def joins_cjk(self) -> bool:
        """Tell whether a token of this tokenizer may cover more than one Chinese character."""
        return bool((np.array([end - begin for begin, end in self.raw.encode(_PROBE).offsets]) > 1).any())

    def text_of(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for, without special tokens."""
        return str(self.hf.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def texts_of(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Return what `text_of` does of many rows at once; how a class of Transformers polishes texts is left out."""
        return list(self.raw.decode_batch(rows, skip_special_tokens=True))

    def save(self, folder: Path) -> None:
        """Write the tokenizer in Transformers' form."""
        self.hf.save_pretrained(folder)


_PROBE = "我们中国的人民在北京上海工作生活，公司经济发展时间问题"


@dataclass(frozen=True)
class Windows:
    """Stretches of encoded texts that fit a model: window w covers tokens `start` to `end` of text `row` (all (w,)).

    Windows of one text overlap; `own_start` to `own_end` is the part whose answers count, each token owned once, by
    the window in which it lies deepest.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    own_start: np.ndarray
    own_end: np.ndarray


def windows(lengths: np.ndarray, room: int | np.ndarray, overlap: int | np.ndarray) -> Windows:
    """Cover texts of `lengths` (n,) tokens by windows of at most `room`, consecutive ones sharing `overlap` tokens.

    Room and overlap are the same for all texts, or (n,).
    """
    room, overlap = np.broadcast_to(room, lengths.shape), np.broadcast_to(overlap, lengths.shape)
    step = room - overlap
    counts = np.where(lengths <= room, 1, -(-(lengths - overlap) // step)).astype(np.int64)
    row = np.repeat(np.arange(len(lengths)), counts)
    nth = within(counts)
    last = nth == counts[row] - 1
    start = nth * step[row]
    end = np.minimum(start + room[row], lengths[row])
    half = overlap[row] // 2
    own_start = np.where(nth == 0, 0, start + half)
    own_end = np.where(last, lengths[row], start + step[row] + half)
    return Windows(row, start, end, own_start, own_end)


def heads_of(lengths: np.ndarray, room: int) -> Windows:
    """Keep the first `room` tokens of each text: truncation as windows."""
    zero = np.zeros(len(lengths), dtype=np.int64)
    end = np.minimum(lengths, room)
    return Windows(np.arange(len(lengths)), zero, end, zero, end)


def frame(
    tokenizer: Tokenizer, encoded: Encoded, cover: Windows, columns: Mapping[str, tuple[np.ndarray, int]]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Lay windows end to end with the special tokens around each.

    `columns` maps names to a token column (S,) and what its special places hold. Returns the lengths (w,) and the
    columns by name, `input_ids` among them, all of the same new length.
    """
    before, after = len(tokenizer.prefix), len(tokenizer.suffix)
    inner = cover.end - cover.start
    lengths = inner + before + after
    place = within(lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    inside = (place >= before) & (place < before + inner[owner])
    source = (encoded.starts[cover.row] + cover.start)[owner[inside]] + place[inside] - before
    out: dict[str, np.ndarray] = {}
    for name, (column, fill) in columns.items():
        laid = np.full(len(place), fill, dtype=column.dtype)
        laid[inside] = column[source]
        out[name] = laid
    ids = np.zeros(len(place), dtype=np.int32)
    ids[inside] = encoded.ids[source]
    for i, token in enumerate(tokenizer.prefix):
        ids[place == i] = token
    for i, token in enumerate(tokenizer.suffix):
        ids[place == before + inner[owner] + i] = token
    return lengths, {"input_ids": ids, **out}


def frame_pairs(
    tokenizer: Tokenizer, first: Encoded, second: Encoded
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Lay each first text and its second end to end in their frame; return lengths (n,), columns, tokens cut (n,).

    Where both have no room the longer is cut first, as Transformers does with `truncation=True`.
    """
    kept = shares(first.lengths, second.lengths, tokenizer.pair_room)
    lengths, columns, _ = lay_pairs(tokenizer, (first, second), (first.starts[:-1], second.starts[:-1]), kept)
    return lengths, columns, first.lengths + second.lengths - kept[0] - kept[1]


def frame_pair_windows(
    tokenizer: Tokenizer, first: Encoded, kept: np.ndarray, second: Encoded, cover: Windows
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Lay the `kept` (n,) opening tokens of each first text before every window of its second.

    Returns lengths (w,), columns, and where in each window its part of the second text begins (w,).
    """
    begin = (first.starts[:-1][cover.row], second.starts[:-1][cover.row] + cover.start)
    return lay_pairs(tokenizer, (first, second), begin, (kept[cover.row], cover.end - cover.start))


def lay_pairs(
    tokenizer: Tokenizer,
    sides: tuple[Encoded, Encoded],
    begin: tuple[np.ndarray, np.ndarray],
    counts: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Lay `counts` tokens of both sides, from `begin` on, in their frame; all (w,).

    The columns are `input_ids`, and `token_type_ids` where the model reads them; last comes where the second begins.
    """
    special = tokenizer.pair.special
    lengths = counts[0] + counts[1] + sum(len(tokens) for tokens, _ in special)
    starts = bounds(lengths)
    ids, types = (np.zeros(int(starts[-1]), dtype=np.int32) for _ in range(2))
    at, opens = starts[:-1].copy(), []
    for i, (tokens, their_types) in enumerate(special):
        for token, kind in zip(tokens.tolist(), their_types.tolist(), strict=True):
            ids[at], types[at] = token, kind
            at += 1
        if i < len(sides):
            opens.append(at - starts[:-1])
            step = within(counts[i])
            place = np.repeat(at, counts[i]) + step
            ids[place] = sides[i].ids[np.repeat(begin[i], counts[i]) + step]
            types[place] = tokenizer.pair.types[i]
            at += counts[i]
    columns = {"input_ids": ids} | ({"token_type_ids": types} if types.any() else {})
    return lengths, columns, opens[1]


def side_by_side(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join k ragged columns row by row; each part is its values end to end and its lengths (n,).

    Returns the values laid end to end, the lengths of the rows (n,), and the number of the part of each value.
    """
    counts = np.stack([np.asarray(lengths, dtype=np.int64) for _, lengths in parts])
    ends = np.cumsum(counts, axis=0)
    starts = bounds(ends[-1])[:-1]
    joined = np.zeros(int(ends[-1].sum()), dtype=np.int32)
    owner = np.zeros(len(joined), dtype=np.int8)
    for number, ((values, _), count, end) in enumerate(zip(parts, counts, ends, strict=True)):
        step = within(count)
        place = np.repeat(starts + end - count, count) + step
        joined[place], owner[place] = values, number
    return joined, ends[-1], owner


def shares(first: np.ndarray, second: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how many tokens of each text are kept, (n,) each: the longer is cut first, then both to half the room."""
    short = np.minimum(first, second)
    long = np.minimum(np.maximum(first, second), np.maximum(short, room - short))
    over = short + long > room
    short, long = np.where(over, room // 2, short), np.where(over, room - room // 2, long)
    swapped = first > second
    return np.where(swapped, long, short), np.where(swapped, short, long)


def load_tokenizer(folder: Path, config: Any) -> Tokenizer:
    """Load the fast tokenizer of a folder; the longest input is what the model's positions and the folder allow."""
    if not any(True for pattern in VOCABULARIES for _ in folder.glob(pattern)):
        # Transformers would make one up: a tokenizer of its class's special tokens, to which every word is unknown
        raise ModelError(say("model.no_tokenizer", folder=folder))
    try:
        hf = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # each tokenizer class fails in its own way
        raise ModelError(say("model.unreadable", folder=folder, error=str(error).split("\n")[0][:160])) from error
    if not getattr(hf, "is_fast", False):
        raise ModelError(say("model.slow_tokenizer", folder=folder))
    positions = int(getattr(config, "max_position_embeddings", 0) or 512)
    if getattr(config, "model_type", "") in OFFSET_POSITIONS:
        positions -= int(config.pad_token_id) + 1
    two_sided = bool(getattr(config, "is_encoder_decoder", False))
    return Tokenizer(hf, positions, typed=getattr(config, "type_vocab_size", 0) > 1, two_sided=two_sided)
