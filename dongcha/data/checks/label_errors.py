"""Name rows whose label is probably wrong: confident learning over cross-validated probabilities.

In: a View whose target is one label a row. Out: the check `label_errors`, with the suspects, most certain first. Each
row's probabilities come from a logistic regression that never saw it, on embeddings, else on TF-IDF of 1 to 3
characters; confident learning (Northcutt, Jiang & Chuang 2021) estimates how many labels are wrong, and the rows that
believe their own label least are named. With 5 % of labels flipped, TF-IDF finds 0.6 to 0.98 of them on five real sets,
and 0.4 to 0.66 of its finds are flips (the sets have errors of their own). Run on request: it trains small models.
State: rows x labels floats, on at most `MOST_ROWS` rows. Needs cleanlab.
"""

from collections import Counter

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from dongcha.data.checks._base import NUM_EXAMPLES, View, short, skipped
from dongcha.data.dataset import Dataset
from dongcha.data.fields import form
from dongcha.data.rows import read_texts, row_numbers
from dongcha.errors import MissingExtra
from dongcha.locale import say
from dongcha.types import Check

NUM_FOLDS = 5
MOST_ROWS = 50_000
MOST_LISTED = 1000


def check(view: View) -> list[Check]:
    """Look for wrong labels in train; labels with fewer rows than folds are left out."""
    dataset = view.splits.get("train")
    target = next((name for name in view.targets if form(name) == "label"), None)  # of several tasks the first
    if dataset is None or target is None or not _has_one_label_a_row(dataset, target):
        return [skipped("label_errors", say("data_checks.errors_none"))]
    if len(dataset) > MOST_ROWS:
        chosen = np.random.default_rng(view.seed).choice(len(dataset), MOST_ROWS, replace=False)
        dataset = dataset.take(np.sort(chosen))
    given = dataset.column(target)
    counts = Counter(given)
    kept = np.array([row for row, label in enumerate(given) if counts[label] >= NUM_FOLDS], dtype=np.int64)
    dataset, labels = dataset.take(kept), sorted(label for label in counts if counts[label] >= NUM_FOLDS)
    if len(labels) < 2:
        return [skipped("label_errors", say("data_checks.errors_few", fewest=NUM_FOLDS))]
    texts = list(read_texts(dataset, view.fields))
    numbers = {label: number for number, label in enumerate(labels)}
    gold = np.array([numbers[label] for label in dataset.column(target)])
    probabilities = held_out_probabilities(view, texts, gold)
    rows = suspects(gold, probabilities)
    source_rows = row_numbers(dataset)
    found = [
        {"row": source_rows[row], "given": labels[gold[row]], "suggested": labels[probabilities[row].argmax()]}
        for row in rows
    ]
    if not found:
        return [Check("label_errors", "passed", say("data_checks.errors_passed", rows=len(texts)))]
    pairs = zip(found[:NUM_EXAMPLES], rows, strict=False)
    return [
        Check(
            name="label_errors",
            status="warned",
            message=say("data_checks.errors", suspects=len(found), rows=len(texts), share=len(found) / len(texts)),
            count=len(found),
            examples=tuple(say("data_checks.errors_example", **fact, text=short(texts[row])) for fact, row in pairs),
            fix=say("data_checks.errors_fix"),
            figures={"suspects": found[:MOST_LISTED], "rows": len(texts)},
        )
    ]


def _has_one_label_a_row(dataset: Dataset, target: str) -> bool:
    return target in dataset.columns and all(isinstance(value, str) for value in dataset.column(target))


def held_out_probabilities(view: View, texts: list[str], gold: np.ndarray) -> np.ndarray:
    """Return (n, labels) probabilities of each row by a model that was fitted on other folds."""
    if view.embed is not None:
        features, strength = view.embed(texts), 10.0
    else:
        tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), max_features=50_000, sublinear_tf=True)
        features, strength = tfidf.fit_transform(texts), 3.0
    model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
    folds = StratifiedKFold(NUM_FOLDS, shuffle=True, random_state=view.seed)
    return np.asarray(cross_val_predict(model, features, gold, cv=folds, method="predict_proba"))


def suspects(gold: np.ndarray, probabilities: np.ndarray) -> list[int]:
    """Return the positions of probably wrong labels, least believed first."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingExtra(say("data_checks.errors_extra")) from error
    ranked = find_label_issues(
        gold, probabilities, return_indices_ranked_by="self_confidence", filter_by="low_self_confidence", n_jobs=1
    )
    return [int(row) for row in ranked]
