"""Write what a prompt asks for, within rules that each row may bring.

Rows: `prompt`, `completion`; `references` may hold further good answers, `constraints` rules that an answer is to
keep ({must_include, must_exclude, min_length, max_length, regex, json_schema}), `attributes` tags of the text to be
written ({tone: warm}), which stand in the prompt. Metrics: chrF first, BLEU, how many rules were kept, and how many
attributes the texts have; see `metrics/translation.py`, `metrics/constraints.py` and `_attributes.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from dongcha.config.sections import Decoding
from dongcha.data.dataset import Dataset
from dongcha.errors import DataError
from dongcha.locale import say
from dongcha.metrics import Metric, constraints, translation
from dongcha.tasks._attributes import ATTRIBUTES, Judge, asked_in, shown
from dongcha.tasks._base import Columns, Lengths
from dongcha.tasks._writes import Writing, fields_in

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False
TAGS = f"{{{ATTRIBUTES}}}\n"  # stand before the usual prompt


@dataclass(frozen=True, kw_only=True)
class Task(Writing):
    """Text that a prompt asks for.

    `attributes` are the names of those that training rows have; `judge` tells which a text has, and is there where the
    training rows are.
    """

    attributes: tuple[str, ...] = ()
    judge: Judge | None = field(default=None, repr=False, compare=False)

    name = "generation"
    fields = ("prompt", "completion", "references?", "constraints?", "attributes?")
    rules = ("constraints", ATTRIBUTES)
    baselines = ("nearest_target",)
    usual_prompts: ClassVar[Mapping[str, str]] = {"en": "{prompt}\n", "zh": "{prompt}\n"}

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> Self:
        """See what is written, and which attributes rows have."""
        task = super().learn(train, lengths)
        judge = Judge.learn(train, task.gold) if ATTRIBUTES in train.columns else None
        if judge is None or not judge.names:
            return task
        return replace(task, attributes=judge.names, judge=judge, prompt=TAGS + task.prompt)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Self:
        """Rebuild the task of a saved model, without its judge."""
        return replace(super().from_card(card), attributes=tuple(card.get(ATTRIBUTES, ())))

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return super().card() | {ATTRIBUTES: list(self.attributes)}

    @property
    def names(self) -> tuple[str, ...]:
        """What a prompt may name: the row's prompt, all its attributes, and each of them."""
        return (*super().names, *((ATTRIBUTES, *self.attributes) if self.attributes else ()))

    def asked(self, prompt: str | None, decoding: Decoding) -> Self:
        """Return the task with a recipe's own template; refuses one in which no attribute would be asked for."""
        task = super().asked(prompt, decoding)
        if self.attributes and decoding.enforce and not {*fields_in(task.prompt)} & {ATTRIBUTES, *self.attributes}:
            near = ", ".join(f"{{{name}}}" for name in (ATTRIBUTES, *self.attributes))
            raise DataError(say("tasks.prompt_attributes", near=near))
        return task

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of texts, chrF first, then those of rules and of attributes."""
        judged = {} if self.judge is None else self.judge.metrics()
        return {**translation.metrics(self.writes), **constraints.metrics(), **judged}

    @property
    def blank(self) -> dict[str, list[Any]]:
        """A row whose fields are yet to be filled in, its attributes among them."""
        return super().blank | {ATTRIBUTES: [[{"name": name, "value": "..."} for name in self.attributes]]}

    def rendered(self, rows: Columns, row: int, instead: Mapping[str, str] | None = None) -> str:
        """Return the prompt of a row with its tags; without them where rules and tags are only measured."""
        asked = asked_in(rows[ATTRIBUTES][row]) if self.decoding.enforce and ATTRIBUTES in rows else {}
        tags = {ATTRIBUTES: shown(asked)} | {name: asked.get(name, "") for name in self.attributes}
        own = {name: tag for name, tag in tags.items() if name not in self.fields}
        return super().rendered(rows, row, own | dict(instead or {}))

    def rules_in(self, rows: Columns) -> list[dict[str, Any]]:
        """Return the rules of each row, its attributes among them."""
        rules = super().rules_in(rows)
        if ATTRIBUTES not in rows:
            return rules
        tags = [{ATTRIBUTES: asked} if (asked := asked_in(listed)) else {} for listed in rows[ATTRIBUTES]]
        return [own | tag for own, tag in zip(rules or [{}] * len(tags), tags, strict=True)]
