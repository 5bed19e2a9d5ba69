"""Put the controls of rows together into one processor of logits, as Transformers' `generate` takes it.

In: the logits of a batch (B, V) and what was written. Out: those of a few tokens that break no rule of their row, all
others at minus infinity. Candidates are tried in the order of their logits, so a rule costs what its row needs of it:
mostly one look at one text. Where nothing is left, the rules of form give way last: what cannot be kept is not kept,
and measured as such. Rows do not see one another.

Shape letters: B rows (times beams), V tokens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import LogitsProcessor

from dongcha.metrics._rules import given
from dongcha.models.controls import grammar, length, must_exclude, must_include
from dongcha.models.controls._base import Control, Draft, Pen

MOST_TRIED = 512  # candidates of a row and a step, beside those that end a text
FIRST_TRIED = 16
DRAWN = 32  # of which one is drawn, where tokens are drawn
BEHIND = 20.0  # how far below the best a token stands that the model itself would never write

Rules = Mapping[str, Any]
MAKERS: Mapping[str, Callable[[Any, Pen, int, Rules], Control | None]] = {
    "regex": lambda value, pen, room, rules: grammar.regex(value, pen, room),
    "json_schema": lambda value, pen, room, rules: grammar.json_schema(value, pen, room),
    "must_exclude": lambda value, pen, room, rules: must_exclude.control(value),
    "must_include": lambda value, pen, room, rules: must_include.control(
        value, pen, room, most=rules.get("max_length"), without=rules.get("must_exclude", ())
    ),
    "max_length": lambda value, pen, room, rules: length.AtMost(value),
    "min_length": lambda value, pen, room, rules: length.AtLeast(value),
}


def controls_of(rules: Rules, pen: Pen, room: int) -> tuple[Control, ...]:
    """Return what keeps the rules of a row whose text may have so many tokens."""
    own = given(rules)
    made = (make(own[kind], pen, room, own) for kind, make in MAKERS.items() if kind in own)
    return tuple(control for control in made if control is not None)


def controlled(
    rules: Sequence[Rules], pen: Pen, rooms: Sequence[int], *, read: int, beams: int, drawn: bool
) -> "Controlled":
    """Return the processor of a batch: `read` tokens stand before what is written, of which each row has its room."""
    wide = DRAWN if drawn else 1 if beams == 1 else beams * (1 + len(pen.ends))
    rows = [Row(controls_of(own, pen, room), room) for own, room in zip(rules, rooms, strict=True)]
    return Controlled(rows, pen, read=read, beams=beams, wide=wide)


class Row(NamedTuple):
    """What holds one row's text, and how many tokens it may have."""

    controls: tuple[Control, ...]
    room: int


class Controlled(LogitsProcessor):
    """Keep each row to its own rules; `wide` candidates of each stay."""

    def __init__(self, rows: Sequence[Row], pen: Pen, *, read: int, beams: int, wide: int) -> None:
        self.rows, self.pen = rows, pen
        self.read, self.beams, self.wide = read, beams, wide
        self.end = min(pen.ends) if pen.tokenizer.end_id is None else pen.tokenizer.end_id

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the logits (B, V) of tokens that may follow."""
        out = torch.full_like(scores, -torch.inf)
        for i, written in enumerate(input_ids[:, self.read :].tolist()):
            own = self.rows[i // self.beams]
            draft = Draft(self.pen, tuple(written), own.room - len(written))
            if draft.left <= 0 or not self.pen.ends.isdisjoint(written) or draft.over:
                out[i, self.end] = 0.0
                continue
            row = scores[i].clone()
            for token, logit in self.chosen(draft, row, own.controls):
                out[i, token] = logit
        return out

    def chosen(self, draft: Draft, scores: Tensor, controls: Sequence[Control]) -> list[tuple[int, float]]:
        """Return the tokens that may follow with their logits; `scores` (V,) are changed."""
        likeliest = int(scores.argmax())
        if int(torch.isfinite(scores).sum()) <= 1:  # forced by the model's own settings
            return [(likeliest, 0.0)]
        floor = float(scores.max()) - BEHIND
        for control in controls:
            for token, gain in control.favours(draft).items():
                scores[token] += gain
        masks = [mask for control in controls if (mask := control.mask(draft)) is not None]
        for mask in masks:
            self.shut(scores, mask)

        def hints() -> Iterator[int]:
            ending = draft.after(likeliest).over
            for control in controls:
                hint = control.hint(draft, ending=ending)
                if hint is not None and all(mask[hint] for mask in masks):
                    yield hint

        found = self.admitted(draft, self.candidates(scores, hints), controls)
        found = found or [self.instead(scores)]
        return [(token, max(float(scores[token]), floor)) for token in found]

    def shut(self, scores: Tensor, mask: Any) -> None:
        """Put what a mask (V,) does not allow out of reach; of more logits than tokens, those behind too."""
        allowed = torch.from_numpy(mask[: len(scores)]).to(scores.device)
        scores[: len(allowed)].masked_fill_(~allowed, -torch.inf)
        scores[len(allowed) :] = -torch.inf

    def admitted(self, draft: Draft, candidates: Iterable[int], controls: Sequence[Control]) -> list[int]:
        """Return the first candidates that all controls admit, at most `wide` of them."""
        found: list[int] = []
        tried: set[int] = set()
        for token in candidates:
            if token in tried:
                continue
            tried.add(token)
            after = draft.after(token)
            if all(control.admits(draft, after) for control in controls):
                found.append(token)
                if len(found) == self.wide:
                    break
        return found

    def candidates(self, scores: Tensor, hints: Callable[[], Iterator[int]]) -> Iterator[int]:
        """Yield tokens to try: the likeliest, hints, the others by their logits, those that end a text."""
        yield int(scores.argmax())
        yield from hints()
        for count in (FIRST_TRIED, MOST_TRIED):
            best, tokens = scores.topk(min(count, len(scores)))
            yield from tokens[torch.isfinite(best)].tolist()
        yield from sorted(self.pen.ends)

    def instead(self, scores: Tensor) -> int:
        """Return what is written where every candidate breaks a rule: what a form asks for, else an end."""
        best = int(scores.argmax())
        is_held = not bool(torch.isfinite(scores[sorted(self.pen.ends)]).any())
        return best if is_held and bool(torch.isfinite(scores[best])) else self.end
