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
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, TextStreamer

from dongcha.config.sections import Decoding
from dongcha.data.features import Features
from dongcha.data.plan import plan_inference
from dongcha.metrics._rules import given
from dongcha.models.controls import controlled
from dongcha.models.controls._base import Pen
from dongcha.models.model import Model
from dongcha.models.room import in_batches
from dongcha.models.said import cut_at

TOKENS_AT_ONCE = 8192  # read and written, of the prompts of a batch
AS_MUCH_AGAIN = 1.25  # of the longest answer in training, how long one may become
AND_MORE = 8  # tokens
TIMED_TOKENS = 6  # that a forecast lets a model write
Rules = Mapping[str, Any]  # constraints of a row's text, as `metrics/_rules.py` has them


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
    ruled[: len(rules)] = [bool(given(own)) for own in rules]
    parts = [(np.flatnonzero(~ruled), []), (np.flatnonzero(ruled), [own for own in rules if given(own)])]
    return [(rows, own) for rows, own in parts if len(rows)]


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
    two_sided, limit = model.tokenizer.two_sided, model.tokenizer.max_tokens
    room = max(1, limit - (0 if two_sided else ids_BT.shape[1]))
    how = _stopped(model, decoding)
    if rules:  # each row has the room that it has by itself
        rooms = [max(1, limit - (0 if two_sided else read)) for read in mask_BT.sum(1).tolist()]
        room = max(rooms)
        how = _held(model, decoding, rooms, 1 if two_sided else ids_BT.shape[1], rules)
    with torch.inference_mode():
        out = hf.generate(
            input_ids=model.tensor(ids_BT),
            attention_mask=model.tensor(mask_BT.astype(np.int64)),
            generation_config=settings_of(hf, decoding, room, model.tokenizer.pad_id),
            streamer=streamer,
            **how,
        )
    read = 1 if two_sided else ids_BT.shape[1]
    found: np.ndarray = out[:, read:].cpu().numpy()
    return found


def _stopped(model: Model, decoding: Decoding) -> dict[str, Any]:
    """Return what lets `generate` end at some strings."""
    return {"stop_strings": list(decoding.stop), "tokenizer": model.tokenizer.hf} if decoding.stop else {}


def _held(model: Model, decoding: Decoding, rooms: Sequence[int], read: int, rules: Sequence[Rules]) -> dict[str, Any]:
    """Return what holds `generate` to rules; the strings that end a text are among them then."""
    rooms = [min(int(decoding.max_new_tokens), room) for room in rooms]
    pen = Pen(model.tokenizer, ends_of(model), tuple(decoding.stop or ()))
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
        pad_token_id=own.pad_token_id if own.pad_token_id is not None else pad_id,
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
    own = model.module.hf.generation_config
    named = [own.eos_token_id, own.pad_token_id, model.tokenizer.hf.eos_token_id, model.tokenizer.pad_id]
    flat = [one for value in named for one in (value if isinstance(value, list) else [value])]
    return frozenset(int(one) for one in flat if one is not None)


def until(ids: np.ndarray, ends: frozenset[int]) -> np.ndarray:
    """Return the ids before the first that ends a text."""
    over = np.flatnonzero(np.isin(ids, list(ends)))
    return ids[: over[0]] if len(over) else ids


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
    """Pass on what of a text is certain to stand: without the blanks it opens with, and nothing from a stop on."""

    hear: Callable[[str], None]
    stops: Sequence[str]
    text: str = ""
    told: int = 0

    def __call__(self, piece: str, *, over: bool = False) -> None:
        """Take the next piece; `over` says that it is the last."""
        self.text = (self.text + piece).lstrip()
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
    own = [one for one in rules if given(one)]
    written = generate(model, ids, mask, decoding, streamer=telling, rules=own)[0]
    return [until(written, ends_of(model))]
