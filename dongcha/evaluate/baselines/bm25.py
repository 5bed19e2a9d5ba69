"""Rank what is searched by BM25 over the words that it shares with the query: what looking for words is worth.

Words, and in Chinese pairs of neighbouring characters (`index/terms.py`), as the index has them. A passage without a
shared word is not found. No probability is known.
"""

from typing import Any

from dongcha.data.dataset import Dataset
from dongcha.index.lexicon import Lexicon
from dongcha.index.rank import best
from dongcha.types import Prediction

DEPTH = 100  # passages found for each query


def predict(train: Dataset, test: Dataset, passages: Any, seed: int) -> list[Prediction]:
    """Return the passages found for each test query, best first; `passages` has `ids` and `texts`."""
    lexicon = Lexicon()
    lexicon.add(passages.texts)
    found: list[Prediction] = []
    for rows in test.batches(columns=["query"]):
        for query in rows["query"]:
            scores = lexicon.scores(query)
            numbers = [n for n in best(scores, DEPTH).tolist() if scores[n] > 0]
            said = [{"doc": passages.ids[n], "score": round(float(scores[n]), 4)} for n in numbers]
            text = {"positive": passages.texts[numbers[0]] if numbers else ""} if "positive" in train.columns else {}
            found.append(Prediction(len(found), text | {"relevant": said}, 0.0))
    return found
