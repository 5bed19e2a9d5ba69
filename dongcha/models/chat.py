"""Lay a dialogue out as the text that a model reads, and find in it what the assistant said.

In: turns, and a tokenizer. Out: a prompt that ends where the assistant is to speak, and the characters of it that are
the assistant's, each turn with what ends it. A tokenizer's own chat template decides (`Template`), else each turn is
lines that open with who speaks (`Lines`). Knows no rows and no tokens.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import dropwhile, groupby, takewhile
from typing import Any, NamedTuple, Protocol

from dongcha.data.dialogue import ASSISTANT, ROLES, SYSTEM, USER
from dongcha.data.tags import is_cjk
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.tokenizer import Tokenizer

WORDS: Mapping[str, tuple[str, ...]] = {  # what opens a turn, by the language, in the order of ROLES
    "en": ("System:", "User:", "Assistant:"),
    "zh": ("系统：", "用户：", "助手："),
}
PARAGRAPH = "\n\n"  # between turns that a template takes as one only


class Turn(NamedTuple):
    """What one side said."""

    role: str
    content: str


Turns = Sequence[Turn]
Stretch = tuple[int, int]  # characters of a prompt, from, to


class Layout(Protocol):
    """How dialogues become text."""

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that only stand where a reply is over."""
        ...

    def text(self, turns: Turns) -> str:
        """Return the prompt."""
        ...

    def own(self, turns: Turns, text: str) -> list[Stretch] | None:
        """Return where in the prompt the assistant speaks; None where that cannot be told."""
        ...

    def reply(self, text: str) -> str:
        """Return a reply as it stands behind its prompt, before the token that ends it."""
        ...


def layout_of(tokenizer: Tokenizer | None, language: str) -> Layout:
    """Return the layout of a model: its tokenizer's template, else lines in a language."""
    if tokenizer is not None and getattr(tokenizer.hf, "chat_template", None):
        return Template.of(tokenizer)
    ends = tokenizer is not None and not tokenizer.two_sided
    return Lines(WORDS[language], end_of(tokenizer) if ends and tokenizer is not None else "")


def end_of(tokenizer: Tokenizer) -> str:
    """Return the text of the token that ends what is written; "" where there is none."""
    return "" if tokenizer.end_id is None else str(tokenizer.hf.convert_ids_to_tokens(tokenizer.end_id))


@dataclass(frozen=True)
class Lines:
    """Turns one below the other, each opened by who speaks; `end` stands behind what the assistant said.

    A line inside a turn never opens as a turn does: a blank is put before it.
    """

    words: tuple[str, ...]
    end: str = ""

    @property
    def stops(self) -> tuple[str, ...]:
        """The openings of turns, at the beginning of a line."""
        return tuple(f"\n{word}" for word in self.words)

    def text(self, turns: Turns) -> str:
        """Return the turns, and who is to speak."""
        return "".join(map("".join, self._parts(turns))) + self.words[ROLES.index(ASSISTANT)]

    def own(self, turns: Turns, text: str) -> list[Stretch]:
        """Return where the assistant speaks, the blank before it included."""
        found, at = [], 0
        for turn, (word, said, end) in zip(turns, self._parts(turns), strict=True):
            if turn.role == ASSISTANT:
                found.append((at + len(word), at + len(word) + len(said) + len(self.end)))
            at += len(word) + len(said) + len(end)
        return found

    def _parts(self, turns: Turns) -> Iterator[tuple[str, str, str]]:
        """Yield who speaks, what, and what follows."""
        for turn in turns:
            word = self.words[ROLES.index(turn.role)]
            yield word, self._behind(word, turn.content), f"{self.end if turn.role == ASSISTANT else ''}\n"

    def reply(self, text: str) -> str:
        """Return a reply as a turn of the history would have it."""
        return self._behind(self.words[ROLES.index(ASSISTANT)], text)

    def _behind(self, word: str, content: str) -> str:
        """Return what is said with a blank before it, unless a Chinese character stands on either side."""
        openings = "|".join(map(re.escape, self.words))
        content = re.sub(rf"\n(?={openings})", "\n ", content)
        joined = is_cjk(word[-1]) or is_cjk(content[:1] or " ")
        return content if joined else f" {content}"


@dataclass(frozen=True)
class Template:
    """A tokenizer's chat template.

    `bos` is taken off the front of prompts, where the tokenizer puts it there by itself; `opening` stands before what
    the assistant says, `end` behind it, and `last` is what of that is to be written before the token that ends a text.
    """

    hf: Any
    bos: str
    opening: str = ""
    end: str = ""
    last: str = ""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "Template":
        """Find what follows an assistant's turn by rendering a few."""
        hf = tokenizer.hf
        bos = str(hf.bos_token) if len(tokenizer.prefix) and hf.bos_token else ""
        bare = cls(hf, bos)
        asked, said, more = Turn(USER, "a"), Turn(ASSISTANT, "b"), Turn(USER, "c")
        with suppress(Exception):  # each template fails in its own way; what ends a turn is unknown then
            before = bare.rendered([asked]) + said.content
            opening = bare.rendered([asked]).removeprefix(bare.rendered([asked], ended=True))
            whole, goes_on = bare.rendered([asked, said], ended=True), bare.rendered([asked, said, more])
            if whole.startswith(before) and goes_on.startswith(before):
                end = shared(whole[len(before) :], goes_on[len(before) :], tokenizer).rstrip()
                last = "" if tokenizer.two_sided else end.removesuffix(end_of(tokenizer))
                return cls(hf, bos, opening, end, last)
        return bare

    @property
    def stops(self) -> tuple[str, ...]:
        """What ends a turn, where that is not the token that ends a text."""
        return (self.last.strip(),) if self.last.strip() else ()

    def rendered(self, turns: Turns, *, ended: bool = False) -> str:
        """Apply the template to turns, up to where the assistant is to speak, or `ended`."""
        messages = [turn._asdict() for turn in turns]
        text = self.hf.apply_chat_template(messages, tokenize=False, add_generation_prompt=not ended)
        return str(text).removeprefix(self.bos)

    def text(self, turns: Turns) -> str:
        """Return the prompt; what a template does not take as it is, it is given as an alternation."""
        try:
            return self.rendered(turns)
        except Exception:  # as above
            try:
                return self.rendered(alternating(turns))
            except Exception as error:
                raise ModelError(say("model.chat_template", error=str(error).split("\n")[0][:160])) from error

    def own(self, turns: Turns, text: str) -> list[Stretch] | None:
        """Return where the assistant speaks, by rendering what came before; None where the template rewrites it."""
        for taken in (turns, alternating(turns)):
            with suppress(Exception):  # as for `text`
                if self.rendered(taken) == text:
                    return self._found(taken, text)
        return None

    def _found(self, turns: Turns, text: str) -> list[Stretch] | None:
        found = []
        for i, turn in enumerate(turns):
            if turn.role != ASSISTANT:
                continue
            before = self.rendered(turns[:i]) if i else self.opening
            said = turn.content + self.end
            if not text.startswith(before + said):
                return None
            found.append((len(before), len(before) + len(said)))
        return found

    def reply(self, text: str) -> str:
        """Return a reply with what ends a turn before the end of the text."""
        return text + self.last


def alternating(turns: Turns) -> list[Turn]:
    """Return turns that the user opens, no two of one side in a row; what the system says, the user says first."""
    opened = dropwhile(lambda turn: turn.role == ASSISTANT, turns)
    sides = groupby(opened, lambda turn: USER if turn.role == SYSTEM else turn.role)
    return [Turn(role, PARAGRAPH.join(turn.content for turn in own)) for role, own in sides]


def shared(one: str, other: str, tokenizer: Tokenizer) -> str:
    """Return the beginning that two texts share, in whole tokens."""
    found = tokenizer.encode([one, other])
    ids = found.ids.tolist()
    pairs = zip(ids[: found.starts[1]], ids[found.starts[1] :], strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return one[: int(found.end[same - 1])] if same else ""
