"""Answer by what a language model finds likely: labels or choices are weighed as what would follow the row's prompt.

The prompt may open with solved examples, the training rows whose texts are nearest (by TF-IDF), the nearest last (Liu
et al. 2022, "What makes good in-context examples for GPT-3?"). An answer's score is the log-probability of its tokens
after the prompt, less the same after an empty row (calibration: Zhao et al. 2021; Holtzman et al. 2021, equation 3).
All answers of a row share one reading of the prompt. Nothing is trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from dongcha.data.dataset import Dataset
from dongcha.data.features import IGNORED, Chunk, Features
from dongcha.data.fields import known
from dongcha.data.forms.plain import TEXT
from dongcha.locale import say
from dongcha.metrics import Metric, Outcome
from dongcha.metrics._words import words
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts, num_rows
from dongcha.tasks._described import alike, unknown_label, words_of_all
from dongcha.tasks._writes import behind, fields_in, language_of
from dongcha.types import Prediction

IN_CONTEXT = "in_context"  # on the card
TEMPLATES = {  # by task and the language of its texts; what is weighed follows
    "classification": {"en": "Text: {text}\nLabel:", "zh": "文本：{text}\n类别："},
    "choice": {"en": "Question: {question}\nAnswer:", "zh": "问题：{question}\n答案："},
}
BETWEEN = "\n\n"  # examples
LOOKED_AT = 200  # training rows that tell the language
MOST_EXAMPLES = 2_000  # training rows that examples are chosen from, the first ones
SURE = 50.0  # nats by which a perfect answer is likelier


@dataclass(frozen=True)
class Solved:
    """A solved row: its prompt, and the words of its answer."""

    prompt: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class InContext:
    """A task whose answers are weighed by a language model; `base` is the task itself.

    `said` are the words of each label, in the labels' order; without labels (choice) a row brings its own. `pool` are
    the rows that `count` examples are chosen from.
    """

    base: Any
    template: str
    said: tuple[str, ...] = ()
    pool: tuple[Solved, ...] = ()
    count: int = 0
    calibrate: bool = True

    head = "writer"
    loss = "next_token"
    num_outputs = 1
    output_names = ()
    isolates_cjk = False

    @classmethod
    def taught(cls, base: Any, train: Dataset, options: Any) -> "InContext":
        """Return the task as a recipe's options and its training rows make it."""
        texts = train.take(np.arange(min(LOOKED_AT, len(train)))).column(base.fields[0])
        template = options.template or TEMPLATES[base.name][language_of(texts)]
        said = said_of(base.labels, options.words)
        task = cls(base=base, template=template, said=said, count=options.examples, calibrate=options.calibrate)
        if not options.examples:
            return task
        rows = next(train.batches(MOST_EXAMPLES, list(base.fields)), {})
        prompts = task.texts(rows)[0]
        answers = [task.answer_in(rows, row) for row in range(num_rows(rows))]
        return replace(task, pool=tuple(map(Solved, prompts, answers)))

    def answer_in(self, rows: Columns, row: int) -> str:
        """Return the words of a row's gold answer."""
        value = rows[self.base.fields[-1]][row]
        return self.said[self.base.labels.index(value)] if self.said else str(value)

    @staticmethod
    def misfit(base: Any, options: Any) -> tuple[str, str] | None:
        """Return the option at fault and one sentence on it: a field not read, none at all, an unknown label."""
        reads = [name for name in base.fields[: base.num_inputs] if known(name).type == TEXT]
        wanted = " ".join(f"{{{name}}}" for name in reads)
        named = None if options.template is None else fields_in(options.template)
        if odd := next((name for name in named or () if name not in reads), None):
            return "template", say("tasks.template_field", name=f"{{{odd}}}", near=wanted)
        if named == []:
            return "template", say("tasks.template_unread", near=wanted)
        if odd := next((label for label in options.words if label not in base.labels), None):
            return "words", unknown_label(odd, base.labels) if base.labels else say(
                "tasks.words_unused", task=base.name
            )
        if same := alike(said_of(base.labels, options.words), base.labels):
            return "words", say("tasks.alike_words", labels=", ".join(same[:5]))
        return None

    @classmethod
    def from_card(cls, base: Any, card: Mapping[str, Any]) -> "InContext":
        """Rebuild the task of a saved model."""
        told = card[IN_CONTEXT]
        pool = tuple(Solved(prompt, answer) for prompt, answer in told["pool"])
        facts = {name: told[name] for name in ("template", "count", "calibrate")}
        return cls(base=base, said=tuple(told["said"]), pool=pool, **facts)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model; the examples are among them."""
        told = {"template": self.template, "said": list(self.said), "count": self.count, "calibrate": self.calibrate}
        pool = [[one.prompt, one.answer] for one in self.pool]
        facts: dict[str, Any] = self.base.card()
        return facts | {IN_CONTEXT: told | {"pool": pool}}

    @property
    def name(self) -> str:
        """The task's own name."""
        return str(self.base.name)

    @property
    def fields(self) -> tuple[str, ...]:
        """The task's own fields."""
        return tuple(self.base.fields)

    @property
    def num_inputs(self) -> int:
        """How many of them are inputs."""
        return int(self.base.num_inputs)

    @property
    def labels(self) -> tuple[str, ...]:
        """The task's own labels."""
        return tuple(self.base.labels)

    @property
    def lengths(self) -> Lengths:
        """How long texts are met."""
        lengths: Lengths = self.base.lengths
        return lengths

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The task's own metrics."""
        metrics: Mapping[str, Metric] = self.base.metrics
        return metrics

    @property
    def baselines(self) -> tuple[str, ...]:
        """The task's own baselines."""
        return tuple(self.base.baselines)

    def texts(self, rows: Columns) -> Texts:
        """Return the prompts without examples."""
        return ([self._prompt(rows, row) for row in range(num_rows(rows))],)

    def _prompt(self, rows: Columns, row: int) -> str:
        prompt = self.template
        for name in self.fields[: self.num_inputs]:
            prompt = prompt.replace(f"{{{name}}}", str(rows[name][row]) if isinstance(rows[name][row], str) else "")
        return prompt

    @property
    def blank(self) -> str:
        """The prompt of an empty row."""
        prompt = self.template
        for name in self.fields[: self.num_inputs]:
            prompt = prompt.replace(f"{{{name}}}", "")
        return prompt

    def offered(self, rows: Columns) -> list[Sequence[str]]:
        """Return the answers that are weighed for each row."""
        if self.said:
            return [self.said] * num_rows(rows)
        return [list(choices) for choices in rows["choices"]]

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into features: the prompt with all answers behind it, and where it calibrates the empty row's."""
        prompts, offered = self.texts(rows)[0], self.offered(rows)
        shown = self._examples(prompts)
        readings = [(prompts, False), ([self.blank] * len(prompts), True)] if self.calibrate else [(prompts, False)]
        made = [
            (row, blank, self._tokens(shown[row], texts[row], offered[row], tokenizer))
            for row in range(len(prompts))
            for texts, blank in readings
        ]
        cut = sum(tokens.cut for _, blank, tokens in made if not blank)
        columns = {name: np.concatenate([getattr(t, name) for *_, t in made]) for name in COLUMNS} if made else EMPTY
        lengths = np.array([len(t.input_ids) for *_, t in made], dtype=np.int64)
        units = {"row": np.array([first_row + row for row, *_ in made]), "blank": np.array([b for _, b, _ in made])}
        return Chunk(lengths, columns, units, {"rows": len(prompts), "cut_rows": cut, "cut_tokens": cut})

    def _examples(self, prompts: Sequence[str]) -> list[list[str]]:
        """Return the solved examples before each prompt, the nearest last; none is the row itself."""
        if not self.count or not self.pool:
            return [[] for _ in prompts]
        likeness = (self._nearness.transform(prompts) @ self._pool_vectors.T).toarray()
        found = []
        for prompt, row in zip(prompts, likeness, strict=True):
            order = [int(i) for i in np.argsort(-row, kind="stable") if self.pool[int(i)].prompt != prompt]
            chosen = order[: self.count][::-1]
            found.append([self.pool[i].prompt + behind(self.pool[i].prompt, self.pool[i].answer) for i in chosen])
        return found

    @cached_property
    def _nearness(self) -> TfidfVectorizer:
        return TfidfVectorizer(analyzer=words, sublinear_tf=True).fit([one.prompt for one in self.pool])

    @cached_property
    def _pool_vectors(self) -> Any:
        return self._nearness.transform([one.prompt for one in self.pool])

    def _tokens(self, shown: list[str], prompt: str, offered: Sequence[str], tokenizer: Tokenizer) -> "Tokens":
        """Lay examples, prompt and answers out as tokens; where there is no room examples go, the farthest first."""
        answers = [tokenizer.encode([behind(prompt, answer)]).ids for answer in offered]
        room = tokenizer.max_tokens - len(tokenizer.prefix) - sum(map(len, answers))
        cut = 0
        while True:
            read = tokenizer.encode([BETWEEN.join([*shown, prompt])]).ids
            if len(read) <= room or not shown:
                break
            shown, cut = shown[1:], 1
        if len(read) > room:
            read, cut = read[len(read) - max(1, room) :], 1
        return Tokens.laid(np.concatenate([tokenizer.prefix, read]), answers, cut)

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Choose the answer that the prompt makes likelier by most, given the surprise of each token (S, 1)."""
        scores = self._scores(outputs, features, num_rows(rows), first_row)
        if self.said:
            found: list[Prediction] = self.base.decode(scores, features, rows, first_row)
            return found
        sizes = [len(choices) for choices in rows["choices"]]
        flat = np.concatenate([scores[row, :size] for row, size in enumerate(sizes)])[:, None]
        chosen: list[Prediction] = self.base.decode(flat, features, rows, first_row)
        return chosen

    def _scores(self, outputs: np.ndarray, features: Features, rows: int, first_row: int) -> np.ndarray:
        """Return the score of each row's answers (rows, most answers)."""
        branch = np.asarray(features.tokens["branch"]).astype(np.int64)
        most = int(branch.max(initial=0))
        owner = np.repeat(np.asarray(features.units["row"]) - first_row, features.lengths)
        sign = np.where(np.repeat(np.asarray(features.units["blank"]), features.lengths), 1.0, -1.0)
        sums = np.zeros((rows, most + 1))
        np.add.at(sums, (owner, branch), sign * outputs[:, 0])
        return sums[:, 1:]

    def perfect(self, features: Features, rows: Columns) -> list[Prediction]:
        """Answer as one to whom only the right answer is likely."""
        right = [
            self.said.index(self.answer_in(rows, row)) if self.said else list(rows["choices"][row]).index(answer)
            for row, answer in enumerate(rows[self.fields[-1]])
        ]
        branch = np.asarray(features.tokens["branch"])
        wanted = np.repeat(np.array(right)[np.asarray(features.units["row"])] + 1, features.lengths)
        blank = np.repeat(np.asarray(features.units["blank"]), features.lengths)
        surprise = np.where((branch > 0) & (branch != wanted) & ~blank, SURE, 0.0)
        return self.decode(surprise[:, None], features, rows, 0)

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay gold and predicted side by side as the task does."""
        outcome: Outcome = self.base.outcome(rows, predictions)
        return outcome

    def per_label(self, outcome: Outcome) -> list[dict[str, Any]]:
        """Return the task's own figures by label."""
        found: list[dict[str, Any]] = self.base.per_label(outcome)
        return found

    def confusion(self, outcome: Outcome) -> dict[str, Any]:
        """Return the task's own confusion."""
        found: dict[str, Any] = self.base.confusion(outcome)
        return found

    def class_weights(self, train: Dataset) -> tuple[float, ...]:
        """Return no weights: nothing is trained."""
        return ()

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "InContext":
        """Return the task as it is: no label beyond the examples is used."""
        return self

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return what the task shows."""
        return str(self.base.shown(target, text))


def said_of(labels: Sequence[str], words: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of each label: those given for it, else its name's."""
    return tuple(words.get(label, name) for label, name in zip(labels, words_of_all(labels), strict=True))


COLUMNS = ("input_ids", "next", "position", "branch")
EMPTY = {name: np.zeros(0, dtype=np.int32) for name in COLUMNS}


@dataclass(frozen=True)
class Tokens:
    """The token columns of one feature; `cut` is 1 where something had no room."""

    input_ids: np.ndarray
    next: np.ndarray
    position: np.ndarray
    branch: np.ndarray
    cut: int = 0

    @classmethod
    def laid(cls, read: np.ndarray, answers: Sequence[np.ndarray], cut: int) -> "Tokens":
        """Lay answers behind what is read; the last token read begins each of them anew, as a branch of its own.

        A token foretells one token only, and the first tokens of several answers follow the same one: so it is laid
        once more before each answer, at the same position.
        """
        *before, last = read.tolist()
        size = len(before)
        parts = [[last, *answer[:-1].tolist()] for answer in answers]
        ids = np.array([*before, *(token for part in parts for token in part)], dtype=np.int32)
        following = np.array([IGNORED] * size + [t for answer in answers for t in answer.tolist()], dtype=np.int32)
        position = np.array([*range(size), *(size + i for part in parts for i in range(len(part)))], dtype=np.int32)
        number = [0] * size + [n for n, part in enumerate(parts, 1) for _ in part]
        branch = np.array(number, dtype=np.int32)
        return cls(ids, following, position, branch, cut)
