"""Find the documents that answer a query, by vectors of both from one encoder (two towers).

Rows: `query`, and what answers it: a text (`positive`, of which `negatives` are texts that do not), or documents by
name (`relevant`: [{doc, grade}], grade 0 for judged and not relevant) of a corpus (`data.corpus`: `doc`, `text`).
Without a corpus the answers of all rows are what is searched, named by their number. A model answers by cosine; it is
trained on each query with each of its answers, all other answers of a batch being wrong (`models/heads/embedding.py`).
Metrics: see `metrics/ranking.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from hashlib import blake2b
from itertools import count as counting
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from dongcha import files
from dongcha.data.dataset import ROW, Dataset
from dongcha.data.features import Chunk, Features
from dongcha.data.splits import Splits
from dongcha.errors import DataError
from dongcha.index.rank import cosines, fuse, nearest
from dongcha.locale import say
from dongcha.metrics import Metric, Outcome, ranking
from dongcha.models.heads.embedding import NEGATIVE, POSITIVE, QUERY, SCALE
from dongcha.models.tokenizer import Tokenizer
from dongcha.tasks._base import Columns, Lengths, Texts, Unlabelled
from dongcha.tasks._labelled import softmax
from dongcha.tasks._whole import encode_whole
from dongcha.types import Prediction

LONG_TEXTS = "truncate"  # what `long_texts: auto` means here
TAKES_WINDOWS = False
PLAIN_NOTE = "a query, or a document"  # what the model card says of its lines
PLAIN_ANSWER = """vector = vectors[0]  # the nearest documents are those with the greatest vector @ theirs
"""
DEPTH = 100  # documents found for each query, so that two rankings can be joined
TOLD = 10  # of them that an answer tells
STRETCH = 2048  # passages encoded at once
MARGIN = 0.95  # of the best answer's cosine, above which a passage may be an answer itself
MOST_SHOWN = 100  # characters of a passage that people are shown
PAIRS_A_ROW = 1 << 20  # more answers than a row may have


@dataclass(frozen=True)
class Passages:
    """What is searched: names and texts by number, and their vectors (P, H) of length 1 once a model gave them."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    vectors: np.ndarray | None = None

    @classmethod
    def of(cls, corpus: Dataset) -> "Passages":
        """Return a corpus (`doc`, `text`) as passages."""
        return cls(tuple(corpus.column("doc")), tuple(corpus.column("text")))

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The number of each name."""
        return {name: number for number, name in enumerate(self.ids)}

    @cached_property
    def number_of_text(self) -> Mapping[str, int]:
        """The number of each text; of equal ones the first."""
        return {text: number for number, text in reversed(list(enumerate(self.texts)))}

    @cached_property
    def first(self) -> Sequence[int]:
        """By number, the first number of the same text: what cannot be told apart is one."""
        return [self.number_of_text[text] for text in self.texts]

    def text_of(self, name: str) -> int:
        """Return the first number of a name's text."""
        return self.first[self.number[name]]


@dataclass(frozen=True, kw_only=True)
class Task(Unlabelled):
    """Search of `passages`; `gold` is the field that says what answers a query.

    `mined` maps a query to the numbers of passages that a model takes for answers and that are none. Only the first
    `num_shown` passages may be among them: the others are answers to rows that judge, which training must not see.
    """

    gold: str = "positive"
    lengths: Lengths = field(default_factory=Lengths)
    passages: Passages = field(default=Passages((), ()), repr=False, compare=False)
    num_shown: int = field(default=0, repr=False, compare=False)
    mined: Mapping[str, Sequence[int]] = field(default_factory=dict, repr=False, compare=False)
    told: int = DEPTH
    tells_texts: bool = False

    name = "retrieval"
    fields = ("query", "positive|relevant", "negatives?")
    num_inputs = 1
    aids = ("negatives",)  # columns beside the fields that training reads
    head = "embedding"
    loss = "in_batch"
    num_outputs = 0
    baselines = ("bm25",)
    combined: ClassVar[Mapping[str, tuple[str, str]]] = {"hybrid": ("bm25", "after")}
    isolates_cjk = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", ("query", self.gold))

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> "Task":
        """See by what field the training rows say what answers them."""
        return cls(gold="relevant" if "relevant" in train.columns else "positive", lengths=lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Task":
        """Rebuild the task of a saved model, without its passages."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"])
        return cls(gold=card["gold"], lengths=lengths, told=TOLD, tells_texts=True)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return {"task": self.name, "gold": self.gold, "long_texts": self.lengths.long_texts}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of rankings, nDCG first."""
        return ranking.metrics()

    def searching(self, splits: Splits) -> "Task":
        """Return the task with what is searched: the corpus, else the answers of all rows; refuses unknown names."""
        passages = Passages((), ()) if splits.corpus is None else Passages.of(splits.corpus)
        train = splits.by_name["train"]
        if self.gold == "relevant":
            if splits.corpus is None:
                raise DataError(say("tasks.no_corpus", source=train.source))
            for dataset in splits.by_name.values():
                refuse_unknown_documents(dataset, passages)
        seen = with_answers(passages, [train])
        return replace(self, passages=with_answers(seen, splits.by_name.values()), num_shown=len(seen.ids))

    def made_of(self) -> str:
        """Return a digest of what features hold beside the rows: the passages, and those that were mined."""
        mined = {query: list(numbers) for query, numbers in self.mined.items()}
        return files.hash_value([self.passages.ids, self.passages.texts, mined])

    def texts(self, rows: Columns) -> Texts:
        """Return the queries."""
        return (rows["query"],)

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn each query into a feature; with its answers each pair is a group, wrong answers (if any) behind it.

        `target` (N, 5): row, group, what the feature is, the number of its text (a query: -1), its query's number, by
        which rows of one query know one another.
        """
        texts, target = [], []
        for i, query in enumerate(rows["query"]):
            row, asked = first_row + i, number_of(query)
            for k, (right, wrong) in enumerate(self._pairs(rows, i) or [(-1, ())]):
                group = row * PAIRS_A_ROW + k
                texts.append(query)
                target.append((row, group, QUERY, -1, asked))
                for side, number in ((POSITIVE, right), *((NEGATIVE, one) for one in wrong)):
                    if number >= 0:
                        texts.append(self.passages.texts[number])
                        target.append((row, group, side, number, asked))
        chunk = encode_whole((texts,), tokenizer, self.lengths, 0)
        targets = np.array(target, dtype=np.int64).reshape(-1, 5)
        units = {"row": targets[:, 0].copy()}
        if self.gold in rows:
            units |= {"group": targets[:, 1].copy(), "target": targets}
        return replace(chunk, units=units)

    def _pairs(self, rows: Columns, i: int) -> list[tuple[int, Sequence[int]]]:
        """Return (a right text, wrong ones) of a row by number, the best first; none without gold."""
        if self.gold not in rows:
            return []
        known = self.passages.number_of_text
        negatives = rows["negatives"][i] if "negatives" in rows else None
        wrong = [known[text] for text in negatives or ()]
        wrong += self.mined.get(rows["query"][i], ())
        grades = self.grades(rows, i)
        right = sorted((doc for doc, grade in grades.items() if grade > 0), key=lambda doc: -grades[doc])
        return [(number, wrong) for number in dict.fromkeys(map(self.passages.text_of, right))]

    def grades(self, rows: Columns, i: int) -> dict[str, int]:
        """Return the grade of each document that a row judges, of several the greatest."""
        if self.gold == "positive":
            return {self.passages.ids[self.passages.number_of_text[rows["positive"][i]]]: 1}
        grades: dict[str, int] = {}
        for judged in rows["relevant"][i]:
            grades[judged["doc"]] = max(judged["grade"], grades.get(judged["doc"], 0))
        return grades

    def encode_passages(self, tokenizer: Tokenizer) -> Iterator[Chunk]:
        """Yield the features of what is searched, a stretch at a time, in order."""
        for start in range(0, len(self.passages.texts), STRETCH):
            stretch = list(self.passages.texts[start : start + STRETCH])
            yield encode_whole((stretch,), tokenizer, self.lengths, start)

    def over(self, ids: Sequence[str], texts: Sequence[str], vectors: np.ndarray) -> "Task":
        """Return the task with what is searched: names, texts, and vectors (P, H) of length 1."""
        return replace(self, passages=Passages(tuple(ids), tuple(texts), vectors))

    def mine(self, outputs: np.ndarray, features: Features, rows: Columns, count: int) -> "Task":
        """Return the task with the `count` passages nearest to each query that are not among its judged ones.

        Texts with a judgement of any grade are left alone, and those as near as the best answer are passed over: many
        of these are answers that nobody marked (Moreira et al. 2024, "NV-Retriever", section 3).
        """
        queries, vectors, first = queries_of(outputs, features), self._vectors[: self.num_shown], self.passages.first
        near, mined = nearest(queries, vectors, self.told), {}
        for i, (grades, (numbers, scores)) in enumerate(zip(self.judged(rows), near, strict=True)):
            judged = {self.passages.text_of(doc) for doc in grades}
            right = np.array([self.passages.text_of(doc) for doc, grade in grades.items() if grade > 0], dtype=np.int64)
            limit = MARGIN * cosines(queries[i], vectors, right).max(initial=-np.inf)
            found = (first[n] for n, score in zip(numbers.tolist(), scores, strict=True) if score < limit)
            mined[rows["query"][i]] = list(islice(dict.fromkeys(n for n in found if n not in judged), count))
        return replace(self, mined=mined)

    @property
    def _vectors(self) -> np.ndarray:
        assert self.passages.vectors is not None, "the passages have no vectors yet"
        return self.passages.vectors

    def nearest(self, outputs: np.ndarray, features: Features) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield the numbers and cosines of the passages nearest to each row's query, best first."""
        for numbers, scores in nearest(queries_of(outputs, features), self._vectors, self.told):
            yield numbers.tolist(), scores

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Name the documents nearest to each query; confidence is the first one's share of a softmax over them."""
        found = []
        for i, (numbers, scores) in enumerate(self.nearest(outputs, features)):
            share = float(softmax(SCALE * scores)[0])
            found.append(Prediction(i, self.answer(numbers, scores), share))
        return found

    def answer(self, numbers: Sequence[int], scores: np.ndarray) -> dict[str, Any]:
        """Return what is said of passages found, best first."""
        return said_of(self.passages, numbers, scores, best=self.gold == "positive", texts=self.tells_texts)

    def perfect(self, features: Features, rows: Columns) -> list[Prediction]:
        """Answer with the judged documents whose texts the features hold as answers to a query, the best first."""
        target = np.asarray(features.units["target"])
        held: dict[int, set[int]] = {}
        for text, asked in target[target[:, 2] == POSITIVE][:, 3:].tolist():
            held.setdefault(asked, set()).add(text)
        found = []
        for i, grades in enumerate(self.judged(rows)):
            texts = held.get(number_of(rows["query"][i]), set())
            docs = [doc for doc in grades if self.passages.text_of(doc) in texts]
            numbers = [self.passages.number[doc] for doc in sorted(docs, key=lambda doc: -grades[doc])]
            found.append(Prediction(i, self.answer(numbers, np.ones(len(numbers))), 1.0))
        return found

    def judged(self, rows: Columns) -> list[dict[str, int]]:
        """Return for each row the grades of all documents that any row judges for its query; the greatest counts."""
        by_query: dict[str, dict[str, int]] = {}
        for i, query in enumerate(rows["query"]):
            known = by_query.setdefault(query, {})
            for doc, grade in self.grades(rows, i).items():
                known[doc] = max(grade, known.get(doc, grade))
        return [by_query[query] for query in rows["query"]]

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay grades and the documents found side by side; a query of several rows has the answers of them all.

        Where an answer is a text, any document of that text is it.
        """
        found = [[said["doc"] for said in p.target["relevant"]] for p in predictions]
        if self.gold == "positive":
            ids, text_of = self.passages.ids, self.passages.text_of
            found = [list(dict.fromkeys(ids[text_of(doc)] for doc in docs)) for docs in found]
        return Outcome(self.judged(rows), found)

    def combine(self, one: Sequence[Prediction], other: Sequence[Prediction]) -> list[Prediction]:
        """Join two rankings of each row by reciprocal rank fusion; no probability is known."""
        joined = []
        for pair in zip(one, other, strict=True):
            rankings = [np.array([self.passages.number[f["doc"]] for f in p.target["relevant"]], int) for p in pair]
            numbers, scores = fuse(rankings, self.told)
            joined.append(Prediction(pair[0].row, self.answer(numbers.tolist(), scores), 0.0))
        return joined

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Task":
        """Return the task as it is: nothing here is decided on validation rows."""
        return self

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the passage, or the names of the first documents."""
        if self.gold == "positive":
            passage = str(target["positive"])
            return passage if len(passage) <= MOST_SHOWN else passage[: MOST_SHOWN - 1] + "…"
        docs = [one["doc"] for one in target["relevant"] if one.get("grade", 1) > 0]
        return ", ".join(docs[:3]) + (f" (+{len(docs) - 3})" if len(docs) > 3 else "") or "-"


def number_of(query: str) -> int:
    """Return 64 bits that stand for a query wherever it comes: rows are encoded a stretch at a time, and kept."""
    return int.from_bytes(blake2b(query.encode(), digest_size=8).digest(), "little", signed=True)


def queries_of(outputs: np.ndarray, features: Features) -> np.ndarray:
    """Return the vector of each row's query."""
    _, first = np.unique(np.asarray(features.units["row"]), return_index=True)
    return outputs[first]


def said_of(
    passages: Passages, numbers: Sequence[int], scores: np.ndarray, *, best: bool, texts: bool = False
) -> dict[str, Any]:
    """Return an answer: `relevant`, passages by number with their scores, best first, with their `texts` on demand.

    `best` adds the first one's text as `positive`, empty where nothing was found.
    """
    rounded = [round(score, 4) for score in scores.tolist()]
    found = [{"doc": passages.ids[n], "score": score} for n, score in zip(numbers, rounded, strict=True)]
    if texts:
        found = [told | {"text": passages.texts[n]} for told, n in zip(found, numbers, strict=True)]
    first = {"positive": passages.texts[numbers[0]] if numbers else ""} if best else {}
    return {**first, "relevant": found}


def with_answers(passages: Passages, datasets: Iterable[Dataset]) -> Passages:
    """Add the answers of all rows, wrong ones too, each text once; a new one is named by the next number not taken."""
    texts = dict.fromkeys(passages.texts)
    for dataset in datasets:
        for name in ("positive", "negatives"):
            for value in dataset.column(name) if name in dataset.columns else ():
                texts |= dict.fromkeys([value] if isinstance(value, str) else value or ())
    new = list(texts)[len(dict.fromkeys(passages.texts)) :]
    free = (name for name in map(str, counting(len(passages.ids) + 1)) if name not in passages.number)
    ids = islice(free, len(new))
    return Passages((*passages.ids, *ids), (*passages.texts, *new))


def refuse_unknown_documents(dataset: Dataset, passages: Passages) -> None:
    """Refuse a row that names a document which the corpus has not, with the nearest name."""
    for row, judged in zip(dataset.column(ROW), dataset.column("relevant"), strict=True):
        for one in judged:
            if one["doc"] not in passages.number:
                near = get_close_matches(one["doc"], passages.ids, n=1)
                key = "tasks.unknown_doc_near" if near else "tasks.unknown_doc"
                raise DataError(say(key, source=dataset.source, row=row, doc=one["doc"], near=near[0] if near else ""))
