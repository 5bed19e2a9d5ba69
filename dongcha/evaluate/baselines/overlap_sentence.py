"""Answer with the sentence of the text that shares most with the question: what looking for its words is worth.

Shared words (in Chinese, pairs of characters) count by how rare they are among the training texts' sentences. It always
answers; no probability is known.
"""

import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from dongcha.data.dataset import Dataset
from dongcha.data.sentences import sentences
from dongcha.metrics._words import is_chinese, words
from dongcha.types import Prediction


def predict(train: Dataset, test: Dataset, labels: tuple[str, ...], seed: int) -> list[Prediction]:
    """Return a sentence for each test row; of equal ones the first."""
    weights = rarity(train)
    found: list[Prediction] = []
    for rows in test.batches(columns=["question", "context"]):
        for question, context in zip(rows["question"], rows["context"], strict=True):
            start, text = best_sentence(question, context, weights)
            answers = {"text": [text], "answer_start": [start]}
            found.append(Prediction(len(found), {"answers": answers, "answer": text}, 0.0))
    return found


def best_sentence(question: str, context: str, weights: Mapping[str, float]) -> tuple[int, str]:
    """Return where the best sentence starts, and its text without the white space around it."""
    asked = set(terms(question))
    found = list(sentences(context))
    if not found:
        return 0, context
    unknown = max(weights.values(), default=1.0)
    scores = [sum(weights.get(term, unknown) for term in asked & {*terms(sentence)}) for _, sentence in found]
    return found[scores.index(max(scores))]


def terms(text: str) -> list[str]:
    """Return words, and of Chinese the pairs of neighbouring characters."""
    parts = words(text)
    pairs = [a + b for a, b in pairwise(parts) if is_chinese(a) and is_chinese(b)]
    return pairs + [part for part in parts if not is_chinese(part)]


def rarity(train: Dataset) -> dict[str, float]:
    """Return the logarithm of one over the share of training sentences that have a term."""
    counts: Counter[str] = Counter()
    count = 0
    for rows in train.batches(columns=["context"]):
        for context in dict.fromkeys(rows["context"]):
            for _, sentence in sentences(context):
                counts.update(set(terms(sentence)))
                count += 1
    return {term: math.log(1 + count / times) for term, times in counts.items()}
