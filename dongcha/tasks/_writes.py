"""Write an answer to each row: what the tasks share whose answers are text, by a model that writes.

A row is put into a prompt, a template with the row's fields in braces; the model goes on from there. In training the
loss asks for the answer's tokens and the one that ends it, never for the prompt's. A prompt too long is cut in its
longest field, from its end; an answer is cut only where it would not fit by itself, and that is counted.
A task of this kind adds its name, its fields and its metrics.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from dongcha.config.near import nearest
from dongcha.config.sections import Decoding
from dongcha.data.dataset import Dataset
from dongcha.data.features import IGNORED, Chunk, Features, bounds, gather
from dongcha.data.tags import is_cjk
from dongcha.errors import DataError
from dongcha.locale import say
from dongcha.metrics import Metric, Outcome
from dongcha.metrics._rules import given
from dongcha.metrics._written import Wanted
from dongcha.models.said import plain_cut_at, said
from dongcha.models.tokenizer import Encoded, Tokenizer, side_by_side
from dongcha.tasks._base import Columns, Lengths, Sides, Texts, Unlabelled, num_rows
from dongcha.tasks._laid import answers_in, around, cut_facts, ended, heads, inner_of, laid, none, tiled, values_of
from dongcha.types import Prediction

USUAL_TOKENS = 512  # of prompt and answer, where the model could read more and no one says otherwise
ANSWER_SHARE = 4  # an answer whose length is not known gets the room divided by this
CHINESE_SHARE = 0.2  # of the characters of a text, from which on it is taken for Chinese
LINE = "\n"
CANDIDATES = "candidates"  # what a prediction calls all samples of its row
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Prompts:
    """What is read of some rows: as text, as tokens, how much of it was cut; `learnt` (S,) tokens are learnt too."""

    texts: list[str]
    encoded: Encoded
    facts: Mapping[str, int]
    learnt: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Writing(Unlabelled, ABC):
    """Text that answers a row.

    `prompt` is the template; `writes` is the language of answers, zh or another one; `stop` are strings at which an
    answer is over; `tokenizer` is there once a model is (`ready`): answers are tokens until then.
    """

    lengths: Lengths = field(default_factory=Lengths)
    prompt: str = ""
    writes: str = "en"
    stop: tuple[str, ...] = ()
    decoding: Decoding = field(default_factory=Decoding)
    reads: int | None = None  # tokens that a prompt may have, as it had in training; None: follows from the decoding
    tokenizer: Tokenizer | None = field(default=None, repr=False, compare=False)

    head = "writer"
    loss = "next_token"
    num_outputs = 1
    isolates_cjk = False
    num_inputs = 1
    aids: ClassVar[tuple[str, ...]] = ("references",)  # columns beside the fields that judging reads
    rules: ClassVar[tuple[str, ...]] = ()  # and those that writing reads too

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    baselines: ClassVar[tuple[str, ...]]
    usual_prompts: ClassVar[Mapping[str, str]]  # by the language that is written

    def __post_init__(self) -> None:
        """Leave out what a row may have beside its fields."""
        object.__setattr__(self, "fields", tuple(name for name in type(self).fields if not name.endswith("?")))

    @property
    def sides(self) -> Sides:
        """The fields that are read first, and written."""
        return Sides(self.fields[0], self.gold)

    @property
    def gold(self) -> str:
        """The field that is written."""
        return self.fields[self.num_inputs]

    @property
    def names(self) -> tuple[str, ...]:
        """What a prompt may name in braces."""
        return self.fields[: self.num_inputs]

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """See what language is written, and whether answers are single lines: what is written ends with one then."""
        answers = train.column(cls.fields[cls.num_inputs])
        stop = () if any(LINE in text.strip() for text in answers) else (LINE,)
        most = USUAL_TOKENS if lengths.max_tokens is None else lengths.max_tokens
        writes = language_of(answers)
        prompt = cls.usual_prompts[writes]
        return cls(lengths=replace(lengths, max_tokens=most), prompt=prompt, writes=writes, stop=stop)

    def asked(self, prompt: str | None, decoding: Decoding) -> Self:
        """Return the task with a recipe's own template and its way to write; refuses a field that there is not."""
        for name in fields_in(prompt or ""):
            if name not in self.names:
                near = ", ".join(f"{{{one}}}" for one in nearest(name, self.names) or self.names)
                raise DataError(say("tasks.prompt_field", name=f"{{{name}}}", near=near))
        stop = self.stop if decoding.stop is None else decoding.stop
        return replace(self, prompt=prompt or self.prompt, decoding=decoding, stop=stop)

    def keeping_room(self, tokenizer: Tokenizer) -> Self:
        """Return the task with prompts to be cut as they are now, however long its answers may become."""
        return replace(self, reads=self.room(tokenizer))

    def reading(self, tokenizer: Tokenizer) -> Self:
        """Return the task as one that can turn tokens into text."""
        return replace(self, tokenizer=tokenizer)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Rebuild the task of a saved model."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"])
        told = {name: card[name] for name in ("prompt", "writes")} | {"reads": card.get("reads")}
        return cls(lengths=lengths, stop=tuple(card["stop"]), decoding=Decoding(**card["decoding"]), **told)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        facts: dict[str, Any] = {
            "task": self.name,
            "prompt": self.prompt,
            "writes": self.writes,
            "stop": list(self.stop),
        }
        facts |= {} if self.reads is None else {"reads": self.reads}
        return facts | {"decoding": self.decoding.model_dump(mode="json"), "long_texts": self.lengths.long_texts}

    @property
    @abstractmethod
    def metrics(self) -> Mapping[str, Metric]:
        """The task's metrics, the main one first."""

    @property
    def writes_by(self) -> Decoding:
        """How it writes, with the strings at which an answer is over."""
        return self.decoding.model_copy(update={"stop": self.stop})

    def texts(self, rows: Columns) -> Texts:
        """Return the prompts; once the tokenizer is known, as they were cut for it."""
        if self.tokenizer is None:
            return ([self.rendered(rows, row) for row in range(num_rows(rows))],)
        return (self._prompts(rows, self.tokenizer).texts,)

    def opened(self, text: str) -> Any:
        """Return a text by itself as the field that is read first."""
        return text

    @property
    def blank(self) -> dict[str, list[Any]]:
        """A row whose fields are yet to be filled in."""
        return {name: [self.opened("...")] for name in self.fields[: self.num_inputs]}

    def rendered(self, rows: Columns, row: int, instead: Mapping[str, str] | None = None) -> str:
        """Return the prompt of a row; `instead` holds fields in another form."""
        own = {name: rows[name][row] for name in self.fields[: self.num_inputs]} | dict(instead or {})
        return _FIELD.sub(lambda found: str(own.get(found[1], found[0])), self.prompt)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features: the prompt, and with gold the answer and the token that ends it behind it."""
        prompts = self._prompts(rows, tokenizer)
        read, count = values_of(prompts.encoded), num_rows(rows)
        units = {"row": np.arange(first_row, first_row + count)}
        if self.gold not in rows:
            return laid(tokenizer, read, None, units, prompts.facts)
        answers = tokenizer.encode([self.behind(text, tokenizer) for text in rows[self.gold]])
        opening = tiled(tokenizer.prefix, count) if tokenizer.two_sided else none(count)
        ids, lengths = ended(*side_by_side([opening, values_of(answers)])[:2], tokenizer)
        room = self.most(tokenizer) - read[1] - around(tokenizer)
        over = lengths > room
        facts = {**prompts.facts, "answers": count, "cut_answers": int(over.sum())}
        if over.any():
            ids, lengths = heads(ids, lengths, np.minimum(lengths, np.maximum(room, 1)))
        return laid(tokenizer, read, (ids, lengths), units, facts, prompts.learnt)

    def behind(self, answer: str, tokenizer: Tokenizer) -> str:
        """Return an answer as it stands behind its prompt; a decoder with an encoder writes it by itself."""
        return answer.strip() if tokenizer.two_sided else behind(self.prompt, answer)

    def most(self, tokenizer: Tokenizer) -> int:
        """Return the tokens that prompt and answer may have together."""
        return min(tokenizer.max_tokens, self.lengths.max_tokens or tokenizer.max_tokens)

    def room(self, tokenizer: Tokenizer) -> int:
        """Return the tokens that a prompt may have, so that there is room for an answer behind it."""
        if self.reads is not None:
            return self.reads
        asked, most = self.decoding.max_new_tokens, self.most(tokenizer)
        answer = most // ANSWER_SHARE if asked == "auto" else max(2, min(int(asked), most // 2))  # its end is one
        return most - answer - around(tokenizer)

    def _prompts(self, rows: Columns, tokenizer: Tokenizer) -> Prompts:
        """Return the prompts, and how many were cut to fit."""
        room = self.room(tokenizer)
        texts = [self.rendered(rows, row) for row in range(num_rows(rows))]
        encoded = tokenizer.encode(texts)
        over = np.flatnonzero(encoded.lengths > room)
        for row in over.tolist():
            texts[row] = self._shortened(rows, row, tokenizer, room)
        fitting = tokenizer.encode(texts) if len(over) else encoded
        return Prompts(texts, fitting, cut_facts(encoded, room))

    def _shortened(self, rows: Columns, row: int, tokenizer: Tokenizer, room: int) -> str:
        """Return the prompt of a row that fits: its longest field is cut from its end."""
        named = [name for name in self.fields[: self.num_inputs] if f"{{{name}}}" in self.prompt]
        longest = max(named, key=lambda name: len(str(rows[name][row])), default=self.fields[0])
        text = str(rows[longest][row])
        while True:
            prompt = self.rendered(rows, row, {longest: text})
            excess = int(tokenizer.encode([prompt]).lengths[0]) - room
            if excess <= 0:
                return prompt
            own = tokenizer.encode([text])
            kept = int(own.lengths[0]) - excess
            if kept <= 0:
                raise DataError(say("tasks.prompt_too_long", tokens=int(own.lengths[0]) - kept + room, room=room))
            text = self.cut(text, own, kept)

    def cut(self, text: str, own: Encoded, kept: int) -> str:
        """Return what is left of a field, whose tokens are given, where only so many have room."""
        return text[: int(own.begin[kept])].rstrip()  # a character of several tokens goes whole

    def prompts_in(self, features: Features) -> Features:
        """Return features with gold as they are without it: their prompts alone."""
        answer = answers_in(features)
        written = answer if "written" in features.tokens else np.concatenate([[False], answer[:-1]])
        lengths = np.add.reduceat(~written, features.starts[:-1]) if len(features) else np.zeros(0, np.int64)
        tokens = {name: np.asarray(column)[~written] for name, column in features.tokens.items()}
        tokens["next"] = np.full(int(lengths.sum()), IGNORED, dtype=np.int32)
        return Features(bounds(lengths), tokens, features.units, {})

    def judged(self, features: Features) -> Features:
        """Return features in which the answer alone is asked for."""
        wanted = np.where(answers_in(features), np.asarray(features.tokens["next"]), IGNORED)
        return replace(features, tokens={**features.tokens, "next": wanted.astype(np.int32)})

    def answered(self, prompts: Features, written: Sequence[np.ndarray], tokenizer: Tokenizer) -> Features:
        """Return features of prompts with what was written behind each, ended."""
        lengths = np.array([len(ids) for ids in written], dtype=np.int64)
        ids = np.concatenate(written) if len(written) else np.zeros(0, dtype=np.int64)
        frame = around(tokenizer)
        inner, read = inner_of(prompts, len(tokenizer.prefix), frame - len(tokenizer.prefix))
        units = {"row": np.asarray(prompts.units["row"])}
        return gather([laid(tokenizer, (inner, read), ended(ids, lengths, tokenizer), units, {})])

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Read the answers in features whose tokens have these surprises (S, 1); an answer is as sure as its tokens.

        The answer is what is asked for last; the confidence is the geometric mean of its tokens' probabilities. Of
        several samples of a row the first is the answer, and all are its candidates.
        """
        assert self.tokenizer is not None, "a task that writes is made ready for its model first"
        wanted, answer = np.asarray(features.tokens["next"]), answers_in(features)
        samples = []
        for number in range(len(features)):
            part = slice(int(features.starts[number]), int(features.starts[number + 1]))
            asked = answer[part]
            text = self.answer_in(self.tokenizer.text_of(wanted[part][asked].tolist()))
            sure = float(np.exp(-outputs[part][asked].mean())) if asked.any() else 0.0
            samples.append((text, min(1.0, sure)))
        each = max(1, len(samples) // max(1, num_rows(rows)))
        return [self.chosen(at // each, samples[at : at + each]) for at in range(0, len(samples), each)]

    def answer_in(self, written: str) -> str:
        """Return the answer in a text that was written."""
        return said(written, self.stop)

    @property
    def plain_cut(self) -> str:
        """What `answer_in` does to a text, as Python that stands behind it."""
        return f".lstrip(){plain_cut_at(self.stop)}.strip()"

    def chosen(self, row: int, samples: Sequence[tuple[str, float]]) -> Prediction:
        """Return what is said of a row whose samples, each a text and how sure it is, are given."""
        text, sure = samples[0]
        several = {CANDIDATES: [one for one, _ in samples]} if len(samples) > 1 else {}
        return Prediction(row, {self.gold: text} | several, sure)

    def perfect(self, features: Features, rows: Columns) -> list[Prediction]:
        """Answer as one who knows the targets in the features."""
        return self.decode(np.zeros((int(features.starts[-1]), 1)), features, rows, 0)

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay what was to be written beside what was."""
        wanted = [self.wanted(rows, row) for row in range(num_rows(rows))]
        return Outcome(wanted, [prediction.target[self.gold] for prediction in predictions])

    def wanted(self, rows: Columns, row: int) -> Wanted:
        """Return what was to be written in a row."""
        more = rows["references"][row] if "references" in rows else None
        references = (rows[self.gold][row], *(text for text in more or () if text != rows[self.gold][row]))
        rules = self.rules_in(rows)
        source = str(rows[self.sides.source][row]) if self.sides.source in rows else ""
        return Wanted(references, source, rules[row] if rules else {})

    def rules_in(self, rows: Columns) -> list[dict[str, Any]]:
        """Return the rules of each row; nothing where there are none."""
        return [given(own or {}) for own in rows.get("constraints", ())]

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> Self:
        """Return the task as it is: validation rows decide nothing."""
        return self

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the text; a dash for none."""
        return str(target[self.gold]) or "-"


def fields_in(prompt: str) -> list[str]:
    """Return what a template names in braces."""
    return _FIELD.findall(prompt)


def behind(prompt: str, answer: str) -> str:
    """Return an answer as it stands behind a prompt: a blank before it, where words have blanks between them."""
    answer = answer.strip()
    return answer if prompt[-1:].isspace() or is_cjk(answer[:1] or " ") else f" {answer}"


def language_of(texts: Sequence[str]) -> str:
    """Return zh for texts with a good share of Chinese characters, else en."""
    joined = "".join(texts)
    return "zh" if sum(map(is_cjk, joined)) > CHINESE_SHARE * max(1, len(joined)) else "en"
