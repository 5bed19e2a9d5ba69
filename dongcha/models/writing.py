"""Let a model write: what comes after each prompt, many prompts at once, with a key-value cache.

In: a model whose head writes, features that hold prompts alone, a `Decoding`. Out: the tokens written, by feature, each
with as many texts as there are to be samples.
Transformers' own `generate` chooses the tokens: greedy, by beams (Graves 2012), or drawn, from the likeliest (top-k:
Fan et al. 2018; top-p: Holtzman et al. 2020; min-p: Nguyen et al. 2024). Prompts of like length share a batch.

Shape letters: B prompts, T tokens of the longest prompt, W tokens written.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, StoppingCriteria, TextStreamer

from dongcha.config.sections import Decoding
from dongcha.data.features import Features
from dongcha.data.plan import plan_inference
from dongcha.metrics._rules import RULES, given
from dongcha.models.controls import controlled
from dongcha.models.controls._base import Pen
from dongcha.models.model import Model
from dongcha.models.room import in_batches
from dongcha.models.said import cut_at, is_over, opened
from dongcha.models.tokenizer import Tokenizer

TOKENS_AT_ONCE = 8192  # read and written, of the prompts of a batch
AS_MUCH_AGAIN = 1.25  # of the longest answer in training, how long one may become
AND_MORE = 8  # tokens
TIMED_TOKENS = 6  # that a forecast lets a model write
BEFORE_STOP = 8  # tokens that are decoded with a stop: by themselves the first may lose a blank, or be half a character
Rules = Mapping[str, Any]  # what a row's text is held to, by kind, and attributes, which only its prompt asks for


def room_for(longest: int) -> int:
    """Return how many tokens may be written where the longest answer in training has `longest`."""
    return int(AS_MUCH_AGAIN * longest) + AND_MORE


@dataclass(frozen=True)
class Pace:
    """How quickly a model writes: seconds to read a batch of so many `rows`, and seconds a token of all of them."""

    rows: int
    read: float
    token: float

    def seconds(self, rows: int, tokens: float) -> float:
        """Return the time to write `tokens` after each of so many prompts."""
        return -(-rows // max(1, self.rows)) * (self.read + self.token * tokens)


def pace_of(model: Model, prompts: Features, decoding: Decoding, rules: Sequence[Rules] = ()) -> Pace:
    """Time one batch of prompts of the usual kind: reading them, and a few tokens more, held to their rules."""
    if not len(prompts):
        return Pace(1, 0.0, 0.0)
    plan = plan_inference(prompts.lengths, budget_of(prompts, decoding))
    chosen = plan[len(plan) // 2]
    spent = []
    for tokens in (1, 1, 1 + TIMED_TOKENS):  # the first warms up
        started = time.perf_counter()
        _written(model, prompts, decoding.model_copy(update={"max_new_tokens": tokens, "stop": ()}), rules, chosen)
        spent.append(time.perf_counter() - started)
    return Pace(len(chosen), spent[1], max(0.0, spent[2] - spent[1]) / TIMED_TOKENS)


def budget_of(prompts: Features, decoding: Decoding) -> int:
    """Return how many padded tokens of prompts share a batch, so that with what is written there is room."""
    mean = float(prompts.lengths.mean()) if len(prompts) else 1.0
    written = decoding.beams * decoding.samples
    return max(1, int(TOKENS_AT_ONCE * mean / (mean + int(decoding.max_new_tokens)) / written))


def write(
    model: Model, features: Features, decoding: Decoding, *, rules: Sequence[Rules] = (), seed: int = 0
) -> list[np.ndarray]:
    """Return the ids that are written after each prompt, in the features' order; without those that end a text.

    `rules` are what each text is held to, none where there are none; rows without any write as they always do. Of
    several samples all of a prompt stand together.
    """
    torch.manual_seed(seed)
    found: list[np.ndarray] = [np.zeros(0, dtype=np.int64)] * (len(features) * decoding.samples)
    budget, ends = budget_of(features, decoding), ends_of(model)
    model.module.eval()
    samples = decoding.samples
    for rows, own in _by_rules(len(features), rules):
        some = features if len(rows) == len(features) else features.take(rows)
        compute = partial(_written, model, some, decoding, own)
        for indices, written in in_batches(some, budget, compute, model.room):
            for place, ids in zip(each(rows[indices], samples).tolist(), written, strict=True):
                found[place] = until(ids, ends)
    return found


def each(indices: np.ndarray, samples: int) -> np.ndarray:
    """Return the places of the samples of some features (n,), all of a feature together (n * samples,)."""
    return (indices[:, None] * samples + np.arange(samples)).ravel()


def _by_rules(count: int, rules: Sequence[Rules]) -> list[tuple[np.ndarray, list[Rules]]]:
    """Return the rows without rules, and those with some beside their rules."""
    ruled = np.zeros(count, dtype=bool)
    ruled[: len(rules)] = [bool(enforced(own)) for own in rules]
    parts = [(np.flatnonzero(~ruled), []), (np.flatnonzero(ruled), [own for own in rules if enforced(own)])]
    return [(rows, own) for rows, own in parts if len(rows)]


def enforced(rules: Rules) -> dict[str, Any]:
    """Return those rules of a row that are kept while it is written."""
    return {kind: value for kind, value in given(rules).items() if kind in RULES}


def _written(
    model: Model, features: Features, decoding: Decoding, rules: Sequence[Rules], indices: np.ndarray
) -> np.ndarray:
    ids, mask = prompts_of(features, indices, model.tokenizer.pad_id, left=not model.tokenizer.two_sided)
    return generate(model, ids, mask, decoding, rules=[rules[index] for index in indices.tolist()] if rules else ())


def generate(
    model: Model,
    ids_BT: np.ndarray,
    mask_BT: np.ndarray,
    decoding: Decoding,
    *,
    streamer: Any = None,
    rules: Sequence[Rules] = (),
) -> np.ndarray:
    """Return what is written after padded prompts (B, W), padded behind; of several samples (B * samples, W).

    `rules` are each prompt's, none for none.
    """
    hf: Any = model.module.hf
    width = ids_BT.shape[1]
    read, room = 1 if model.tokenizer.two_sided else width, left_behind(model.tokenizer, width)
    pen = Pen(model.tokenizer, ends_of(model), decoding.stop or ())
    how: dict[str, Any] = {"stopping_criteria": [Stopped(pen, read)]} if decoding.stop else {}
    if any(enforced(own) for own in rules):  # each row has the room that it has by itself
        rooms = [left_behind(model.tokenizer, tokens) for tokens in mask_BT.sum(1).tolist()]
        room = max(rooms)
        how = _held(pen, decoding, rooms, read, rules)
    settings = settings_of(hf, decoding, room, model.tokenizer.pad_id)
    settings.eos_token_id = _eos_of(model)
    with torch.inference_mode():
        out = hf.generate(
            input_ids=model.tensor(ids_BT),
            attention_mask=model.tensor(mask_BT.astype(np.int64)),
            generation_config=settings,
            streamer=streamer,
            **how,
        )
    found: np.ndarray = out[:, read:].cpu().numpy()
    return found


def left_behind(tokenizer: Tokenizer, read: int) -> int:
    """Return how many tokens may be written behind so many that were read, so that what ends them has room too."""
    taken = max(1, len(tokenizer.suffix)) if tokenizer.two_sided else read + 1
    return max(1, tokenizer.max_tokens - taken)


def _held(pen: Pen, decoding: Decoding, rooms: Sequence[int], read: int, rules: Sequence[Rules]) -> dict[str, Any]:
    """Return what holds `generate` to rules; the strings that end a text are among them then."""
    rooms = [min(int(decoding.max_new_tokens), room) for room in rooms]
    beams, drawn = decoding.beams * decoding.samples, decoding.temperature > 0  # rows of a prompt
    return {"logits_processor": [controlled(rules, pen, rooms, read=read, beams=beams, drawn=drawn)]}


def settings_of(hf: Any, decoding: Decoding, room: int, pad_id: int) -> GenerationConfig:
    """Return what Transformers' `generate` is told; nothing of the model's own taste but its special tokens stays."""
    own = hf.generation_config
    drawn = decoding.temperature > 0
    chosen: dict[str, Any] = {"temperature": decoding.temperature, "top_k": decoding.top_k or 0} if drawn else {}
    chosen |= {"top_p": decoding.top_p, "min_p": decoding.min_p} if drawn else {}
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=drawn,
        num_beams=decoding.beams,
        num_return_sequences=decoding.samples,
        length_penalty=decoding.length_penalty,
        repetition_penalty=decoding.repetition_penalty,
        no_repeat_ngram_size=decoding.no_repeat_ngram,
        max_new_tokens=min(int(decoding.max_new_tokens), room),
        bos_token_id=own.bos_token_id,
        eos_token_id=own.eos_token_id if own.eos_token_id is not None else hf.config.eos_token_id,
        pad_token_id=pad_id,  # not the model's own: where a tokenizer has no such token, that may be a letter
        decoder_start_token_id=own.decoder_start_token_id,
        forced_bos_token_id=own.forced_bos_token_id,
        use_cache=True,
        **chosen,
    )


def prompts_of(features: Features, indices: np.ndarray, pad_id: int, *, left: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of prompts and where they are (B, T), padded before (`left`) or behind."""
    batch = features.batch(indices, pad_id)
    ids, mask = batch["input_ids"], batch["mask"]
    if not left:
        return ids, mask
    shift = mask.shape[1] - mask.sum(axis=1)
    source = (np.arange(mask.shape[1]) - shift[:, None]) % mask.shape[1]
    return np.take_along_axis(ids, source, axis=1), np.take_along_axis(mask, source, axis=1)


def ends_of(model: Model) -> frozenset[int]:
    """Return the ids that end a text or fill one up."""
    return frozenset((*_eos_of(model), model.tokenizer.pad_id))


def _eos_of(model: Model) -> list[int]:
    """Return the ids that end a text: those that the model names and the tokenizer has, and the one of training."""
    hf, tokenizer = model.module.hf, model.tokenizer
    own = hf.generation_config.eos_token_id
    own = hf.config.eos_token_id if own is None else own
    named = {*(own if isinstance(own, list) else [own]), tokenizer.end_id} - {None}
    return sorted(int(one) for one in named if one >= 0 and tokenizer.raw.id_to_token(int(one)) is not None)


def until(ids: np.ndarray, ends: frozenset[int]) -> np.ndarray:
    """Return the ids before the first that ends a text."""
    over = np.flatnonzero(np.isin(ids, list(ends)))
    return ids[: over[0]] if len(over) else ids


class Stopped(StoppingCriteria):
    """End each row by itself as soon as its text is over; `read` tokens stand before what is written.

    Only where the last few tokens hold a string that ends texts is a row decoded whole, and not while it is all blank:
    a step costs the same however long a text has become. Rows may change places, as those of beams do.
    """

    def __init__(self, pen: Pen, read: int) -> None:
        self.pen, self.read = pen, read
        self.tail = BEFORE_STOP + max(len(stop.encode()) for stop in pen.stops)  # a token is a byte or more
        self.is_blank = cache(lambda token: not pen.tokenizer.text_of([token]).strip())

    def __call__(self, input_ids: torch.Tensor, scores: Any, **more: Any) -> torch.Tensor:
        """Tell of each row (B,) whether it is over."""
        last = input_ids[:, max(self.read, input_ids.shape[1] - self.tail) :].tolist()
        maybe = [any(stop in text for stop in self.pen.stops) for text in self.pen.tokenizer.texts_of(last)]
        rows = zip(input_ids[:, self.read :], maybe, strict=True)
        over = [likely and self.is_over(row.tolist()) for row, likely in rows]
        return torch.tensor(over, dtype=torch.bool, device=input_ids.device)

    def is_over(self, ids: list[int]) -> bool:
        """Tell whether a text with a stop in it is over: not where it is one of the blanks before what is said."""
        if not opened(" ", self.pen.stops) and all(map(self.is_blank, {*ids})):
            return False
        return is_over(self.pen.tokenizer.text_of(ids), self.pen.stops)


class Telling(TextStreamer):
    """Hand on each piece of a text as soon as its characters are certain."""

    def __init__(self, tokenizer: Any, held: "Held") -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)  # an encoder's first token is skipped
        self.held = held

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Pass a piece on."""
        self.held(text, over=stream_end)


@dataclass
class Held:
    """Pass on what of a text is certain to stand: from where it opens, and nothing from a stop on."""

    hear: Callable[[str], None]
    stops: Sequence[str]
    text: str = ""
    told: int = 0

    def __call__(self, piece: str, *, over: bool = False) -> None:
        """Take the next piece; `over` says that it is the last."""
        self.text = opened(self.text + piece, self.stops)
        sure = cut_at(self.text, self.stops)
        if sure == self.text and not over:  # a stop may have begun at the end
            sure = sure[: len(sure) - max((begun(sure, stop) for stop in self.stops), default=0)]
        if len(sure) > self.told:
            self.hear(sure[self.told :])
            self.told = len(sure)


def begun(text: str, stop: str) -> int:
    """Return how many characters of a stop a text ends in."""
    return next((size for size in range(len(stop) - 1, 0, -1) if text.endswith(stop[:size])), 0)


def stream(
    model: Model,
    features: Features,
    decoding: Decoding,
    hear: Callable[[str], None],
    *,
    rules: Sequence[Rules] = (),
) -> list[np.ndarray]:
    """Write after one prompt, greedily or drawn, telling `hear` of each piece; return the ids, as `write` does."""
    torch.manual_seed(0)
    model.module.eval()
    ids, mask = prompts_of(features, np.array([0]), model.tokenizer.pad_id, left=not model.tokenizer.two_sided)
    telling = Telling(model.tokenizer.hf, Held(hear, decoding.stop or ()))
    written = generate(model, ids, mask, decoding, streamer=telling, rules=rules)[0]
    return [until(written, ends_of(model))]
