"""Answer questions from a library: find the passages that may hold the answer, read them, say where it stands.

In: a finished run of task qa, an index of passages. Out: for each question the answer, the passage it stands in (`doc`)
and its sentence there, or no answer. Passages are found by vectors and words where a model made the index's vectors,
else by words alone; each is read with the question, and the one whose best answer beats "no answer" by most gives it
(Chen et al. 2017, "Reading Wikipedia to Answer Open-Domain Questions", section 3, with our own reader and ranking).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from dongcha.data.dataset import Dataset
from dongcha.data.load import ReadOptions, load
from dongcha.data.sentences import sentence_at
from dongcha.errors import ModelError
from dongcha.index import Index, open_index
from dongcha.locale import say
from dongcha.stations.embedder import Embedder
from dongcha.stations.indexing import embedder_of
from dongcha.stations.predictor import FILE, Predictor, Row, load_predictor
from dongcha.tasks._predict import predict_rows
from dongcha.types import Prediction

QUESTION = "question"
MODEL_NOW = "--corpus-model"  # what messages call the place of the index's model
PASSAGES = 5  # read for each question
AT_ONCE = 64  # questions whose passages are read together
UNREAD = Prediction(0, {"answers": {"text": [], "answer_start": []}, "answer": "", "n_best": []}, 1.0)


@dataclass(frozen=True)
class OpenBook:
    """A reader with its library; `passages` are read for each question, `embedder` is None for words alone."""

    reader: Predictor
    library: Index
    embedder: Embedder | None = None
    passages: int = PASSAGES

    @property
    def first_field(self) -> str:
        """The field that is read: the question."""
        return QUESTION

    @property
    def unsure_below(self) -> float | None:
        """The confidence below which the reader withholds an answer."""
        return self.reader.unsure_below

    def predict(
        self, rows: Iterable[str | Row], *, at_once: int = AT_ONCE, stream: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Yield one dict a question, in order: `answer`, `doc`, `sentence`, `confidence`, the row's `id` if any.

        Rows are questions, or dicts with `question`; a context in them is not read; `stream` is what messages call
        them.
        """
        waiting, done = iter(rows), 0
        while part := list(islice(waiting, at_once)):
            asked = [{QUESTION: row} if isinstance(row, str) else row for row in part]
            for _, answer in self.predict_dataset(self._read(asked, ReadOptions(rows_before=done, stream=stream))):
                yield answer
            done += len(part)

    def predict_file(self, file: str, column: str | None = None) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Yield (the user's own columns, the answer) for each row of a file; `column` names the one to read."""
        yield from self.predict_dataset(self._read(file, ReadOptions(columns={QUESTION: column} if column else {})))

    def _read(self, source: Any, options: ReadOptions) -> Dataset:
        return load(source, (QUESTION,), base=Path.cwd(), options=options, cache=None, given=FILE, need_gold=False)

    def predict_dataset(self, dataset: Dataset) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Yield (the user's own columns, the answer) for each row."""
        for rows in dataset.batches(AT_ONCE):
            for i, answer in enumerate(self._answers(rows[QUESTION])):
                row = {name: rows[name][i] for name in dataset.columns}
                yield row, self._told(row, answer)

    def _told(self, row: Row, found: tuple[Prediction, str | None, str]) -> dict[str, Any]:
        prediction, doc, sentence = found
        said = {"answer": prediction.target["answer"], "doc": doc, "sentence": sentence}
        return self.reader.answer(row, said, prediction.confidence)

    def _answers(self, questions: list[str]) -> Iterator[tuple[Prediction, str | None, str]]:
        """Yield for each question what was read in the best passage, its name, and the answer's sentence.

        Where no passage was found, nothing is read and there is no answer, sure since no other one stands beside it.
        """
        found = self._found(questions)
        texts = [self.library.texts(ids) for ids in found]
        asked = [question for question, ids in zip(questions, found, strict=True) for _ in ids]
        rows = {QUESTION: asked, "context": [text for own in texts for text in own]}
        read = iter(predict_rows(self.reader.task, self.reader.model, rows))
        for ids, own in zip(found, texts, strict=True):
            if not ids:
                yield UNREAD, None, ""
                continue
            said = [next(read) for _ in ids]
            best = max(range(len(said)), key=lambda i: (margin(said[i]), -i))
            yield self._cited(said[best], ids[best], own[best])

    def _cited(self, said: Prediction, doc: str, text: str) -> tuple[Prediction, str | None, str]:
        if not said.target["answer"]:
            return said, None, ""
        return said, doc, sentence_at(text, said.target["answers"]["answer_start"][0])

    def _found(self, questions: list[str]) -> list[list[str]]:
        if self.embedder is None:
            return self.library.bm25(questions, self.passages).ids
        return self.library.hybrid(questions, self.embedder.queries(questions), self.passages).ids


def margin(said: Prediction) -> float:
    """Return by how much the best answer in a passage beats "no answer"; minus infinity where there is none at all."""
    best = said.target["n_best"]
    return float(best[0]["score"]) if best else float("-inf")


def load_open_book(
    reader: Path,
    library: Path,
    *,
    passages: int = PASSAGES,
    unsure_below: float | None = None,
    embedder: Path | str | None = None,
) -> OpenBook:
    """Load a finished run of task qa and an index; refuses another task's run, and an index without rows.

    `embedder` says where the model that made the index is now; one is refused for an index that no model made.
    """
    found, index = load_predictor(reader, unsure_below), open_index(library)
    if found.task.name != "qa":
        raise ModelError(say("stations.not_qa", folder=reader, task=found.task.name))
    if not len(index):
        raise ModelError(say("stations.empty_library", folder=library))
    book = OpenBook(found, index, passages=passages)
    if isinstance(index.card.get("model"), str):
        return replace(book, embedder=_embedder_of(index, embedder))
    if embedder is not None:
        raise ModelError(say("stations.library_without_model", folder=library))
    return book


def _embedder_of(index: Index, now: Path | str | None) -> Embedder:
    """Load the model that made an index; what is wrong with it is told under the option that names the index."""
    try:
        return embedder_of(index, base=Path.cwd(), model=None if now is None else str(now), given=MODEL_NOW)
    except ModelError as error:
        raise ModelError(f"--corpus: {error}") from error
