"""Tell how far the task's text lies from what the model knows, against general sentences of the same language.

In: a View with `encode`; `embed` and `pseudo_perplexity` where the model has them. Out: the check `gap_model`: tokens a
word (a CJK character counts as a word) and unknown tokens, of the text and of the reference; AUROC of telling their
embeddings apart (a description: other subjects are easily told apart); pseudo-perplexity of both (Salazar et al. 2020,
"Masked language model scoring"). Only fertility and unknown tokens warn: they cost speed and meaning.
"""

from collections import Counter

import numpy as np

from dongcha.data.checks._base import View, skipped, split_order
from dongcha.data.checks._two_sample import NUM_FOLDS, told_apart
from dongcha.data.checks.language import scripts_of
from dongcha.data.duplicates import num_words
from dongcha.data.reference import reference_texts
from dongcha.locale import say
from dongcha.types import Check, Json

SPLINTERED = 1.5  # times the reference's tokens a word beyond which the tokeniser does not know the words
UNKNOWN = 0.01  # share of unknown tokens
SCORED = 100  # texts a side for pseudo-perplexity: each token of each costs a forward pass


def check(view: View) -> list[Check]:
    """Compare the texts of the first split (train) with the reference."""
    if view.encode is None:
        return [skipped("gap_model", say("data_checks.gap_model_none"))]
    texts = [text for name in split_order(view.splits)[:1] for text in view.texts_to_embed(name) if text.strip()]
    reference = list(view.reference) or _reference(texts)
    if not texts or not reference:
        return [skipped("gap_model", say("data_checks.gap_model_no_reference"))]
    own, general = _pieces(view, texts), _pieces(view, reference)
    figures: dict[str, Json] = {"text": own, "reference": general, "sample": len(texts)}
    message = say("data_checks.gap_model", own=own, general=general)
    if view.embed is not None and min(len(texts), len(reference)) >= 2 * NUM_FOLDS:
        features = np.concatenate([view.embed(texts), view.embed(reference)])
        found = told_apart(features, np.repeat([False, True], [len(texts), len(reference)]), view.seed)
        figures["auroc"] = {"value": found.value, "low": found.low, "high": found.high}
        message += say("data_checks.gap_model_auroc", value=found.value, low=found.low, high=found.high)
    if view.pseudo_perplexity is not None:
        sides = {"text": texts[:SCORED], "reference": reference[:SCORED]}
        figures["pseudo_perplexity"] = {side: view.pseudo_perplexity(some) for side, some in sides.items()}
        message += say("data_checks.gap_model_perplexity", **figures["pseudo_perplexity"])
    far = own["per_word"] > SPLINTERED * general["per_word"] or own["unknown"] > UNKNOWN
    return [
        Check(
            name="gap_model",
            status="warned" if far else "passed",
            message=message + _note(view) + say("data_checks.stop"),
            fix=say("data_checks.gap_model_fix") if far else "",
            figures=figures,
        )
    ]


def _note(view: View) -> str:
    """Say that only some rows of the first split were looked at, where it has more."""
    first, most = split_order(view.splits)[0], min(view.sample, view.embedded)
    return say("data_checks.gap_model_sampled", sample=most) if len(view.splits[first]) > most else ""


def _pieces(view: View, texts: list[str]) -> dict[str, float]:
    """Return tokens a word and the share of unknown ones, special tokens left out."""
    assert view.encode is not None
    (empty,) = view.encode([""])
    encoded = view.encode(texts)
    tokens = sum(len(ids) - len(empty) for ids in encoded)
    unknown = sum(ids.count(view.unknown_id) for ids in encoded) if view.unknown_id is not None else 0
    return {"per_word": tokens / max(1, sum(map(num_words, texts))), "unknown": unknown / max(1, tokens)}


def _reference(texts: list[str]) -> list[str]:
    """Return general sentences in the script of most of these texts; in both where each has a tenth; else none."""
    scripts = Counter(scripts_of(texts))
    present = [script for script in ("zh", "en") if scripts[script] >= 0.1 * scripts.total()]
    if not present or scripts["other"] > 0.5 * scripts.total():
        return []
    return reference_texts("mixed" if len(present) == 2 else present[0])
