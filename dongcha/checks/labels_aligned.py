"""Prove that labels survive the way into the model and back: encode, answer perfectly, decode, compare with gold.

What the rows are encoded to must be what the model was trained on.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dongcha.checks._base import Evidence
from dongcha.data.features import Features
from dongcha.locale import say
from dongcha.metrics import Outcome
from dongcha.models.heads._base import HeadSpec
from dongcha.models.heads.several import features_of, places
from dongcha.registry import find
from dongcha.tasks._base import Columns, Knowing, Runs, Task, is_numeric, num_rows
from dongcha.tasks._several import parts_of
from dongcha.types import Check, Prediction

SURE = 20.0  # logit of a perfect answer


@dataclass(frozen=True)
class Harm:
    """What features cannot carry of gold: the fact that counts those among which it was counted, what is said.

    `loses` says that a row's answer itself suffers, so that it may come back wrong.
    """

    among: str
    message: str
    fix: str
    loses: bool = True


DAMAGE = {  # by the fact that counts it
    "damaged_spans": Harm("spans", "checks.labels_damaged", "checks.damaged_fix"),
    "cut_answers": Harm("answers", "checks.answers_cut", "checks.answers_cut_fix"),
    "cut_places": Harm("rows", "checks.places_cut", "checks.places_cut_fix", loses=False),
    "last_reply_only": Harm("answers", "checks.turns_unlearnt", "checks.turns_unlearnt_fix", loses=False),
}
ROUNDING = 1e-4  # of a standard deviation of the scores: what float32 may cost a number on its way


def check(evidence: Evidence) -> Check:
    """Compare gold rows with the decoded answers of a model that knows every target."""
    task = evidence.task
    if evidence.splits.unlabelled:
        return Check("labels_aligned", "skipped", say("checks.labels_unlabelled"))
    rows, features = evidence.sample("train")
    decoded = perfect_answers(task, features, rows, evidence.model.spec)
    # whether a solution passes its test is the data's matter; here it is whether the text came back
    wrong = task.differing(rows, decoded) if isinstance(task, Runs) else wrong_rows(task, task.outcome(rows, decoded))
    other = rows_learnt_otherwise(evidence, features)
    facts = evidence.features["train"].facts
    fact = next((name for name in DAMAGE if facts.get(name)), next(iter(DAMAGE)))
    damaged, harm = int(facts.get(fact, 0)), DAMAGE[fact]
    figures = {"rows": num_rows(rows), "wrong": len(wrong), "trained_otherwise": other, fact: damaged}
    allowed = _rows_with_damage(evidence, rows) if damaged and harm.loses else 0
    if len(wrong) > allowed:
        message = say("checks.labels_failed", wrong=len(wrong), rows=num_rows(rows))
        return Check("labels_aligned", "failed", message, len(wrong), fix=say("checks.labels_fix"), figures=figures)
    if other:
        message = say("checks.labels_learnt_otherwise", other=other, rows=num_rows(rows))
        return Check("labels_aligned", "failed", message, other, fix=say("checks.labels_fix"), figures=figures)
    if damaged:
        message = say(harm.message, damaged=damaged, spans=facts[harm.among])
        return Check("labels_aligned", "warned", message, damaged, fix=say(harm.fix), figures=figures)
    return Check("labels_aligned", "passed", say("checks.labels_passed", rows=num_rows(rows)), figures=figures)


def rows_learnt_otherwise(evidence: Evidence, features: Features) -> int:
    """Count the rows whose features, made anew, are not those that the model was trained on.

    Where hard negatives were mined, further features may stand beside a row's own.
    """
    trained = evidence.features["train"]
    rows = np.unique(features.units["row"])
    anew, learnt = by_row(features), by_row(trained.take(np.flatnonzero(np.isin(trained.units["row"], rows))))
    other = [row for row, own in anew.items() if learnt[row] != own]
    if other and evidence.resolved["train"]["hard_negatives"]:
        other = [row for row in other if any(one not in learnt[row] for one in anew[row])]
    return len(other)


def by_row(features: Features) -> dict[int, list[Any]]:
    """Return all columns of each row's features, in order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for i, row in enumerate(np.asarray(features.units["row"]).tolist()):
        inside = slice(features.starts[i], features.starts[i + 1])
        tokens = {name: np.asarray(column[inside]).tolist() for name, column in features.tokens.items()}
        found[row].append((tokens, {name: np.asarray(column[i]).tolist() for name, column in features.units.items()}))
    return found


def wrong_rows(task: Any, outcome: Outcome) -> np.ndarray:
    """Return the 0-based positions of the rows that are wrong by the main metric of the task, or of one of several."""
    wrong = []
    for part in parts_of(task):
        own = outcome.part(part.name)
        assert own is not None
        scores = next(iter(part.task.metrics.values())).row_scores(own)
        wrong.append(np.flatnonzero(scores < right_from(part.task)))
    return np.unique(np.concatenate(wrong))


def right_from(task: Any) -> float:
    """Return the row score from which a row counts as right: 1 for labels and spans, minus a rounding for numbers."""
    return -ROUNDING * float(getattr(task, "deviation", 1.0)) if is_numeric(task) else 1.0


def perfect_answers(task: Task, features: Features, rows: Columns, spec: HeadSpec) -> list[Prediction]:
    """Answer rows as a model would that knows every target."""
    if isinstance(task, Knowing):
        return task.perfect(features, rows)
    return task.decode(perfect_outputs(features, spec), features, rows, 0)


def perfect_outputs(features: Features, spec: HeadSpec) -> np.ndarray:
    """Return outputs, as the model would lay them out, that answer every target right."""
    if spec.parts:
        return _side_by_side(features, spec)
    targets = find("models.heads", spec.name).flat_targets(features)
    if targets.ndim == 2:
        return np.where(targets == 1, SURE, -SURE).astype(np.float32)
    if spec.loss == "squared_error":
        return np.asarray(targets, dtype=np.float32)[:, None]
    outputs = np.zeros((len(targets), spec.num_outputs), dtype=np.float32)
    known = np.flatnonzero(targets >= 0)
    outputs[known, targets[known]] = SURE
    return outputs


def _side_by_side(features: Features, spec: HeadSpec) -> np.ndarray:
    """Return the perfect outputs of several tasks (S, C): a text's stand at its first token."""
    outputs = np.zeros((int(features.starts[-1]), spec.num_outputs), dtype=np.float32)
    for part, columns in places(spec):
        own = perfect_outputs(features_of(features, part.part), part)
        outputs[slice(None) if part.name == "token" else features.starts[:-1], columns] = own
    return outputs


def _rows_with_damage(evidence: Evidence, rows: Any) -> int:
    """Count the rows of the sample that hold a span which words and tokens cannot carry."""
    task: Any = evidence.task
    count = 0
    for row in range(num_rows(rows)):
        one: dict[str, Sequence[Any]] = {name: [values[row]] for name, values in rows.items()}
        found = task.encode(one, evidence.model.tokenizer, 0).facts
        count += any(found.get(name, 0) > 0 for name, harm in DAMAGE.items() if harm.loses)
    return count
