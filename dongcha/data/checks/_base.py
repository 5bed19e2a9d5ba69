"""Hold what every data check looks at, and the few moves that all of them make.

In: the splits of a task with whatever of the model is at hand, as functions. Out: samples, short texts, sentences.
Knows no model and no single check.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.fields import form
from dongcha.data.rows import joined_texts, read_texts
from dongcha.locale import say
from dongcha.types import Check

KNOWN = ("label", "score", "spans")  # forms of gold values, those first that most checks can read
NUM_EXAMPLES = 5
LONGEST_EXAMPLE = 60  # characters of user text


@dataclass(frozen=True, kw_only=True)
class View:
    """What checks look at: the splits by name, and the model's abilities where a model is at hand.

    `splits`: "train", "validation", "test" and extra tests. `fields`: the task's fields, the text first.
    `made_splits`: those that we cut ourselves; a leak into one is a failure, into a given one a warning.
    `encode`: token ids with special tokens, never cut; `tokens_of`: the pieces of ids; `embed`: (n, hidden) float32
    unit vectors; `reads_windows`: longer texts are read in windows, so that nothing is cut; `pseudo_perplexity`: where
    the model has a masked-language head. `reference`: general sentences of the language, to compare the task's text
    with. Checks that need a model run on `sample` rows drawn with `seed`, those that compute with it on `embedded` at
    most (long texts: fewer, so that looking costs less than training). `named`: the labels that there are, where the
    rows of train have none. `solved`: of rows as columns, whether each one's answer passes its own test, where answers
    are programs.
    """

    splits: Mapping[str, Dataset]
    fields: tuple[str, ...]
    made_splits: frozenset[str] = frozenset()
    encode: Callable[[list[str]], list[list[int]]] | None = None
    tokens_of: Callable[[list[int]], list[str]] | None = None
    unknown_id: int | None = None
    max_tokens: int | None = None
    reads_windows: bool = False
    embed: Callable[[list[str]], np.ndarray] | None = None
    pseudo_perplexity: Callable[[list[str]], float] | None = None
    reference: Sequence[str] = field(default=(), repr=False)
    language: str = "en"
    seed: int = 13
    sample: int = 2000
    embedded: int = 2000
    named: Sequence[str] = ()
    solved: Callable[[Mapping[str, list[Any]]], list[bool]] | None = None

    def texts(self, split: str) -> list[str]:
        """Return the input texts of a split, in order, without places; fields are joined by a unit separator."""
        return list(joined_texts(self.splits[split], self.fields, asked=False))

    def texts_read(self, split: str) -> list[str]:
        """Return what a model reads of each row of a split, in order: places in a text left out."""
        return list(read_texts(self.splits[split], self.fields))

    def sampled(self, split: str, most: int | None = None) -> Dataset:
        """Return the split, or a seeded sample of `most` (else `sample`) of its rows, in order, where it has more."""
        dataset, most = self.splits[split], self.sample if most is None else most
        if len(dataset) <= most:
            return dataset
        rows = np.random.default_rng(self.seed).choice(len(dataset), most, replace=False)
        return dataset.take(np.sort(rows))

    def texts_to_embed(self, split: str) -> list[str]:
        """Return the input texts of the rows that a check may run through the model."""
        return list(read_texts(self.sampled(split, min(self.sample, self.embedded)), self.fields))

    def sampled_texts(self, split: str) -> list[str]:
        """Return the input texts of `sampled(split)`."""
        return list(read_texts(self.sampled(split), self.fields))

    def sampled_note(self, key: str = "data_checks.sampled") -> str:
        """Return the words that say that only a sample was looked at; none where no split has more rows than that."""
        more = any(len(dataset) > self.sample for dataset in self.splits.values())
        return say(key, sample=self.sample) if more else ""

    @property
    def targets(self) -> tuple[str, ...]:
        """The fields that hold gold values of a form that checks know: labels first, then scores, then spans."""
        return tuple(sorted((n for n in self.fields if form(n) in KNOWN), key=lambda n: KNOWN.index(form(n))))

    @property
    def target(self) -> str | None:
        """The first of `targets`; None where the task has none of them."""
        return next(iter(self.targets), None)


def short(text: str) -> str:
    """Return a text on one line, at most 60 characters long, the cut shown."""
    line = " ".join(text.replace("\x1f", " / ").split())
    return line if len(line) <= LONGEST_EXAMPLE else line[: LONGEST_EXAMPLE - 1] + "…"


def split_order(names: Iterable[str]) -> list[str]:
    """Return the splits as people expect them: train, validation, test, then extra tests as given."""
    return sorted(names, key=lambda name: {"train": 0, "validation": 1, "test": 2}.get(name, 3))


def skipped(name: str, message: str) -> Check:
    """Return a check that did not run, with the sentence that says why."""
    return Check(name=name, status="skipped", message=message)
