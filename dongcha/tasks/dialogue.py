"""Say what comes next in a dialogue.

Rows: `messages`, what was said so far, and `reply`, what the assistant says to it (data/dialogue.py takes it off the
end of the messages where a file has no other); `references` may hold further good replies, which only judging reads.
Every turn of the assistant is learnt, its end too, those of others never; an encoder reads the history, and the reply
alone is written. What judges is the reply. A history too long loses its oldest turns, what the system says at its
beginning excepted; then the oldest turn that is left its beginning. `data.prompt` is what the system says in rows that
have nothing of the kind. Metrics: chrF first, BLEU; see `metrics/translation.py`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from dongcha.data.dataset import ASKED, Dataset
from dongcha.data.dialogue import ASSISTANT, SYSTEM, USER, Message
from dongcha.errors import DataError
from dongcha.locale import say
from dongcha.metrics import Metric, translation
from dongcha.models.chat import Layout, Lines, Stretch, Turn, Turns, layout_of
from dongcha.models.tokenizer import Encoded, Tokenizer
from dongcha.tasks._base import Columns, Lengths, Sides, Texts
from dongcha.tasks._laid import cut_facts
from dongcha.tasks._writes import LINE, Prompts, Writing

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False
SYSTEM_SHARE = 2  # what the system says gets at most the room divided by this


@dataclass(frozen=True, kw_only=True)
class Task(Writing):
    """A reply to what was said."""

    name = "dialogue"
    fields = ("messages", "reply", "references?")
    aids = ("references", ASKED)
    baselines = ("nearest_target",)
    usual_prompts: ClassVar[Mapping[str, str]] = {"en": "", "zh": ""}

    @property
    def sides(self) -> Sides:
        """What the user said last, and the reply."""
        return Sides(ASKED, self.gold)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of texts, chrF first."""
        return translation.metrics(self.writes)

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """See the language of replies; one ends with its line, else where the next turn would open."""
        task = super().learn(train, lengths)
        rows = (messages for part in train.batches(columns=["messages"]) for messages in part["messages"])
        own = (one["content"] for messages in rows for one in messages if one["role"] == ASSISTANT)
        single = task.stop and not any(LINE in text.strip() for text in own)
        return replace(task, stop=(LINE,) if single else layout_of(None, task.writes).stops)

    def reading(self, tokenizer: Tokenizer) -> Self:
        """Return the task with its model's tokenizer, whose chat template says where a reply is over."""
        layout = layout_of(tokenizer, self.writes)
        asked = isinstance(layout, Lines) or self.decoding.stop is not None
        stop = (*(self.stop if asked else ()), *(() if isinstance(layout, Lines) else layout.stops))
        return replace(self, tokenizer=tokenizer, stop=tuple(dict.fromkeys(stop)))

    def opened(self, text: str) -> list[Message]:
        """Return a text by itself as what the user says first."""
        return [{"role": USER, "content": text}]

    def texts(self, rows: Columns) -> Texts:
        """Return the prompts; once the tokenizer is known, in its form and as they were cut for it."""
        if self.tokenizer is None:
            layout = layout_of(None, self.writes)
            return ([layout.text(self.turns(messages)) for messages in rows["messages"]],)
        return super().texts(rows)

    def turns(self, messages: Sequence[Message]) -> list[Turn]:
        """Return what was said, the recipe's own word of the system first where the row has none."""
        said = [Turn(one["role"], one["content"].strip()) for one in messages]
        opens = self.prompt and all(turn.role != SYSTEM for turn in said)
        return [Turn(SYSTEM, self.prompt.strip()), *said] if opens else said

    def behind(self, answer: str, tokenizer: Tokenizer) -> str:
        """Return a reply as it stands behind its prompt."""
        reply = answer.strip()
        return reply if tokenizer.two_sided else layout_of(tokenizer, self.writes).reply(reply)

    def _prompts(self, rows: Columns, tokenizer: Tokenizer) -> Prompts:
        """Return the histories as prompts; with gold, which of their tokens the assistant said."""
        layout, room = layout_of(tokenizer, self.writes), self.room(tokenizer)
        histories: list[Turns] = [self.turns(messages) for messages in rows["messages"]]
        texts = [layout.text(turns) for turns in histories]
        encoded = tokenizer.encode(texts)
        facts = cut_facts(encoded, room)
        over = np.flatnonzero(encoded.lengths > room).tolist()
        for row in over:
            histories[row] = Fitting(layout, tokenizer, room).shortened(histories[row])
            texts[row] = layout.text(histories[row])
        encoded = tokenizer.encode(texts) if over else encoded
        if self.gold not in rows or tokenizer.two_sided:
            return Prompts(texts, encoded, facts)
        own = [layout.own(turns, text) for turns, text in zip(histories, texts, strict=True)]
        facts["last_reply_only"] = own.count(None)
        return Prompts(texts, encoded, facts, said_in(encoded, [stretches or [] for stretches in own]))


@dataclass(frozen=True)
class Fitting:
    """The room that a history is to fit, in tokens of its prompt."""

    layout: Layout
    tokenizer: Tokenizer
    room: int

    def excess(self, turns: Turns) -> int:
        """Return by how many tokens a prompt is too long; 0 or less where it fits."""
        return int(self.tokenizer.encode([self.layout.text(turns)]).lengths[0]) - self.room

    def shortened(self, turns: Turns) -> Turns:
        """Return the newest turns that fit, the user's first; what the system said before them all stays."""
        opens = len(turns) > 1 and turns[0].role == SYSTEM
        opening, rest = [self.cut_opening(turns[0])] if opens else [], turns[1:] if opens else turns
        begins = [i for i, turn in enumerate(rest[:-1]) if turn.role == USER] + [len(rest) - 1]
        at = bisect_left(begins, True, key=lambda i: self.excess([*opening, *rest[i:]]) <= 0)
        kept = [*opening, *rest[begins[min(at, len(begins) - 1)] :]]
        return kept if at < len(begins) else self.cut_last(kept)

    def cut_opening(self, opening: Turn) -> Turn:
        """Return what the system said, cut from its end where it takes more than its share."""
        found, most = self.tokenizer.encode([opening.content]), self.room // SYSTEM_SHARE
        fits = most <= 0 or int(found.lengths[0]) <= most
        return opening if fits else Turn(SYSTEM, opening.content[: int(found.end[most - 1])].rstrip())

    def cut_last(self, turns: list[Turn]) -> list[Turn]:
        """Return turns of which the last has lost its beginning."""
        *before, last = turns
        content = last.content
        while (excess := self.excess([*before, Turn(last.role, content)])) > 0:
            found = self.tokenizer.encode([content])
            size = int(found.lengths[0])
            if excess >= size:
                raise DataError(say("tasks.dialogue_too_long", tokens=self.room + excess - size, room=self.room))
            content = content[int(found.end[excess - 1]) :].lstrip()  # a character of several tokens goes whole
        return [*before, Turn(last.role, content)]


def said_in(encoded: Encoded, stretches: Sequence[Sequence[Stretch]]) -> np.ndarray:
    """Mark the tokens (S,) that end inside a stretch of their text."""
    found = np.zeros(len(encoded.ids), dtype=bool)
    for row, own in enumerate(stretches):
        part = slice(int(encoded.starts[row]), int(encoded.starts[row + 1]))
        for begin, end in own:
            found[part] |= (encoded.end[part] > begin) & (encoded.end[part] <= end)
    return found
