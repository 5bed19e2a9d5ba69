"""Find the answer to a question in a text, or say that the text has none.

Rows: `question`, `context`, `answers` ({text: [...], answer_start: [...]}, characters; empty where there is no
answer). A context longer than the model is read in overlapping windows, each behind the question; the loss wants the
answer's first and last token, or the first special token where a window does not hold it. An answer is the best pair
of places, no longer than MOST_TOKENS, in any window, unless "no answer" scores better by the threshold that validation
rows set (Rajpurkar et al. 2018, section 5.1). Metrics: see `metrics/answers.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dongcha.data.dataset import Dataset
from dongcha.data.features import Chunk, Features, bounds, within
from dongcha.metrics import Metric, Outcome, answers
from dongcha.models.tokenizer import Encoded, Tokenizer, Windows, frame_pair_windows, windows
from dongcha.tasks._base import Columns, Lengths, Texts, Unlabelled
from dongcha.types import Prediction

LONG_TEXTS = "windows"  # what `long_texts: auto` means here
PLAIN_NOTE = "a question, its text"  # what the model card says of its lines
PLAIN_ANSWER = """first, last = int(begin[0].argmax()), int(end[0].argmax())  # tokens; 0 and 0: no answer
answer = tokenizer.decode(batch["input_ids"][0][first : last + 1])
"""
MOST_TOKENS = 40  # of an answer
N_BEST = 3  # answers told of each question
IN_WINDOW = 4 * N_BEST  # spans of a window that are looked at: some differ by blanks alone
ASIDE = -1  # offset of a token that is no part of the context
NEVER_SCORE = 1e4  # by how much an answer loses where there is none to give
QUESTION_SHARE = 2  # a question has at most the room divided by this


@dataclass(frozen=True)
class Span:
    """A candidate answer: how well it scores, and its characters in the context."""

    score: float
    start: int
    end: int

    def told(self, context: str, nothing: float) -> dict[str, Any]:
        """Return the answer: its text, where it starts, by how much it beats "no answer"."""
        return {
            "text": context[self.start : self.end],
            "start": self.start,
            "score": round(self.score - nothing, 4),
        }


@dataclass(frozen=True, kw_only=True)
class Task(Unlabelled):
    """Extractive question answering; `threshold` is by how much "no answer" must win."""

    threshold: float = 0.0
    lengths: Lengths = field(default_factory=lambda: Lengths(long_texts=LONG_TEXTS))

    name = "qa"
    fields = ("question", "context", "answers")
    num_inputs = 2
    head = "span"
    loss = "two_places"
    num_outputs = 2
    baselines = ("overlap_sentence",)
    isolates_cjk = True  # an answer may begin and end at any Chinese character

    @classmethod
    def learn(cls, train: Dataset, lengths: Lengths) -> "Task":
        """Take the lengths; nothing is learnt of the rows before training."""
        return cls(lengths=lengths)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Task":
        """Rebuild the task of a saved model."""
        lengths = Lengths(max_tokens=card["max_tokens"], long_texts=card["long_texts"])
        return cls(threshold=card["threshold"], lengths=lengths)

    def card(self) -> dict[str, Any]:
        """Return the facts that rebuild the task beside a saved model."""
        return {"task": self.name, "threshold": self.threshold, "long_texts": self.lengths.long_texts}

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics of answers, F1 first."""
        return answers.metrics()

    def texts(self, rows: Columns) -> Texts:
        """Return the questions and their contexts."""
        return rows["question"], rows["context"]

    def encode(self, rows: Columns, tokenizer: Tokenizer, first_row: int) -> Chunk:
        """Turn rows into windows; each token knows its characters in the context, each window where its answer lies."""
        questions, contexts = (tokenizer.encode(side) for side in self.texts(rows))
        asked = np.minimum(questions.lengths, tokenizer.pair_room // QUESTION_SHARE)
        room = tokenizer.pair_room - asked
        cover = self._cover(contexts.lengths, room)
        lengths, tokens, at = frame_pair_windows(tokenizer, questions, asked, contexts, cover)
        places = {"begin": contexts.begin, "end": contexts.end}
        for name, column in places.items():
            laid = np.full(int(lengths.sum()), ASIDE, dtype=np.int32)
            inner = cover.end - cover.start
            step = within(inner)
            source = np.repeat(contexts.starts[cover.row] + cover.start, inner) + step
            laid[np.repeat(bounds(lengths)[:-1] + at, inner) + step] = column[source]
            tokens[name] = laid
        units = {"row": cover.row + first_row}
        long = contexts.lengths > room
        facts = {"rows": len(room), "cut_rows": int(long.sum())}
        if self.lengths.long_texts == "windows":
            facts |= {"window_rows": facts["cut_rows"], "cut_rows": 0}
        if "answers" in rows:
            units["target"], lost = targets(rows["answers"], rows["context"], contexts, cover, at)
            facts |= {"spans": sum(bool(a["text"]) for a in rows["answers"]), "damaged_spans": lost}
        return Chunk(lengths, tokens, units, facts)

    def _cover(self, lengths: np.ndarray, room: np.ndarray) -> Windows:
        if self.lengths.long_texts == "windows":
            return windows(lengths, room, room // 4)
        zero = np.zeros(len(lengths), dtype=np.int64)
        end = np.minimum(lengths, room)
        return Windows(np.arange(len(lengths)), zero, end, zero, end)

    def decode(self, outputs: np.ndarray, features: Features, rows: Columns, first_row: int) -> list[Prediction]:
        """Choose the best answer of each row over its windows, or none."""
        found = []
        for row, (spans, nothing) in enumerate(candidates(outputs, features, rows["context"], first_row)):
            scores = np.array([nothing + self.threshold, *(span.score for span in spans)])
            shares = np.exp(scores - scores.max())
            has = bool(spans) and scores[1] > scores[0]
            told = [span.told(rows["context"][row], nothing) for span in spans]
            best = told[:1] if has else []
            answer = {"text": [one["text"] for one in best], "answer_start": [one["start"] for one in best]}
            said = {"answers": answer, "answer": answer["text"][0] if best else "", "n_best": told}
            found.append(Prediction(row, said, float(shares[int(has)] / shares.sum())))
        return found

    def outcome(self, rows: Columns, predictions: Sequence[Prediction]) -> Outcome:
        """Lay acceptable answers and the predicted one side by side."""
        return Outcome([row["text"] for row in rows["answers"]], [said(p.target) for p in predictions])

    def settle(self, outputs: np.ndarray, features: Features, rows: Columns) -> "Task":
        """Return the task with the threshold that gives the greatest F1 on these rows."""
        gains, margins = [], []
        for row, (spans, nothing) in enumerate(candidates(outputs, features, rows["context"], 0)):
            gold, context = rows["answers"][row]["text"], rows["context"][row]
            said = context[spans[0].start : spans[0].end] if spans else ""
            gains.append(answers.best_f1(gold, said) - answers.best_f1(gold, ""))
            margins.append(spans[0].score - nothing if spans else -NEVER_SCORE)
        return replace(self, threshold=best_threshold(np.array(margins), np.array(gains)))

    def shown(self, target: Mapping[str, Any], text: str) -> str:
        """Return the first answer; a dash for none."""
        return target["answers"]["text"][0] if target["answers"]["text"] else "-"


def said(target: Mapping[str, Any]) -> answers.Said:
    """Return what a prediction says; who tells of no candidates has none beside the answer."""
    text = target["answers"]["text"][0] if target["answers"]["text"] else ""
    candidates = target.get("n_best") or [{"text": text}]
    return answers.Said(text, candidates[0]["text"])


def best_threshold(margins: np.ndarray, gains: np.ndarray) -> float:
    """Return the threshold above which answering gains most in all; of equally good ones the one nearest to 0.

    `margins` (rows,) are by how much the best answer beats "no answer", `gains` what answering brings over silence.
    A threshold stands in the middle between two margins, if 0 is not between them.
    """
    order = np.argsort(-margins, kind="stable")
    margins, totals = margins[order], np.concatenate([[0.0], np.cumsum(gains[order])])
    cuts = np.concatenate([[margins[0] + 1.0], (margins[:-1] + margins[1:]) / 2, [margins[-1] - 1.0]])
    holds_zero = (np.concatenate([[np.inf], margins]) > 0) & (np.concatenate([margins, [-np.inf]]) <= 0)
    cuts[holds_zero] = 0.0
    totals[1:-1][margins[:-1] == margins[1:]] = -np.inf  # no threshold parts equal margins
    best = np.flatnonzero(totals >= totals.max() - 1e-9)
    return float(cuts[best[np.abs(cuts[best]).argmin()]])


def candidates(
    outputs: np.ndarray, features: Features, contexts: Sequence[str], first_row: int
) -> Iterator[tuple[list[Span], float]]:
    """Yield the best spans of each row over its windows, best first, and the score of "no answer".

    Outputs are (S, 2) by token. "No answer" scores as in the window that believes least in it. Blanks at the ends of a
    span, which some tokens open with or are, are no part of it.
    """
    owner = np.asarray(features.units["row"]) - first_row
    bound = np.searchsorted(owner, np.arange(len(contexts) + 1))
    for row, context in enumerate(contexts):
        spans: dict[tuple[int, int], float] = {}
        nothing = np.inf
        for at in range(int(bound[row]), int(bound[row + 1])):
            part = slice(int(features.starts[at]), int(features.starts[at + 1]))
            begin, end = (np.asarray(features.tokens[name][part]) for name in ("begin", "end"))
            nothing = min(nothing, float(outputs[part][0].sum()))
            for place, score in best_spans(outputs[part], begin, end):
                start, stop = stripped(context, *place)
                if start < stop:
                    spans[start, stop] = max(score, spans.get((start, stop), -np.inf))
        chosen = sorted(spans.items(), key=lambda item: (-item[1], item[0]))[:N_BEST]
        yield [Span(score, *place) for place, score in chosen], nothing


def stripped(text: str, start: int, stop: int) -> tuple[int, int]:
    """Return the ends of a part of a text without the blanks at its ends."""
    part = text[start:stop]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def best_spans(outputs: np.ndarray, begin: np.ndarray, end: np.ndarray) -> list[tuple[tuple[int, int], float]]:
    """Return the best spans of one window as ((begin, end) characters, score), at most IN_WINDOW, in no order."""
    inside = np.flatnonzero(begin != ASIDE)
    if not len(inside):
        return []
    low, count = int(inside[0]), len(inside)  # a context's tokens stand together
    longest = min(MOST_TOKENS, count)
    ends = np.concatenate([outputs[low : low + count, 1], np.full(longest, -np.inf)])
    scores = outputs[low : low + count, :1] + np.lib.stride_tricks.sliding_window_view(ends, longest)[:count]
    top = np.argpartition(-scores, min(IN_WINDOW, scores.size) - 1, axis=None)[:IN_WINDOW]
    places = [divmod(int(at), longest) for at in top]
    return [((int(begin[low + i]), int(end[low + i + n])), float(scores[i, n])) for i, n in places if i + n < count]


def targets(
    golds: Sequence[Mapping[str, Any]], texts: Sequence[str], contexts: Encoded, cover: Windows, at: np.ndarray
) -> tuple[np.ndarray, int]:
    """Return each window's first and last token of its row's first answer (w, 2), and how many tokens cannot carry.

    Place 0 where a window does not hold the whole answer. `at` (w,) is where a window's part of the context begins.
    """
    ends = np.full((len(golds), 2), -1, dtype=np.int64)  # tokens of the context, by row
    lost = 0
    for row, gold in enumerate(golds):
        if not gold["text"]:
            continue
        start, stop = gold["answer_start"][0], gold["answer_start"][0] + len(gold["text"][0])
        part = slice(int(contexts.starts[row]), int(contexts.starts[row + 1]))
        begin, end = contexts.begin[part], contexts.end[part]
        first = int(np.searchsorted(end, start, side="right"))
        last = int(np.searchsorted(begin, stop, side="left")) - 1
        if first <= last < len(begin):
            ends[row] = first, last
            lost += texts[row][begin[first] : end[last]].strip() != texts[row][start:stop].strip()
        else:
            lost += 1
    first, last = ends[cover.row].T
    holds = (first >= cover.start) & (last < cover.end) & (first >= 0)
    known = ends[:, 0] >= 0
    held = np.bincount(cover.row[holds], minlength=len(golds)) > 0
    too_long = ends[:, 1] - ends[:, 0] >= MOST_TOKENS
    lost += int((known & (~held | too_long)).sum())
    places = np.stack([first, last], axis=1) - cover.start[:, None] + at[:, None]
    return np.where(holds[:, None], places, 0), lost
