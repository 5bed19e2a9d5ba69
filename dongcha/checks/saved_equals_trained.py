"""Prove that the model on disk is the model that was trained: load it anew, compare outputs bit by bit."""

import numpy as np

from dongcha.checks._base import Evidence
from dongcha.data.features import gather
from dongcha.locale import say
from dongcha.models.model import load_model
from dongcha.tasks._model import task_of
from dongcha.tasks._predict import lay_flat
from dongcha.types import Check


def check(evidence: Evidence) -> Check:
    """Encode the same rows with the loaded tokenizer and compute them with the loaded weights."""
    rows, features = evidence.sample(evidence.split)
    trained = lay_flat(features, evidence.model.logits(features))
    loaded = load_model(evidence.model_folder)
    again = gather([task_of(loaded).encode(rows, loaded.tokenizer, 0)])
    same_tokens = np.array_equal(again.tokens["input_ids"], features.tokens["input_ids"])
    outputs = lay_flat(again, loaded.logits(again))
    gap = float(np.abs(outputs - trained).max(initial=0.0)) if outputs.shape == trained.shape else float("inf")
    figures = {"rows": len(rows["text"]), "same_tokens": bool(same_tokens), "largest_difference": min(gap, 1e30)}
    if same_tokens and gap == 0.0:
        return Check(
            "saved_equals_trained", "passed", say("checks.saved_passed", rows=len(rows["text"])), figures=figures
        )
    message = say("checks.saved_failed", gap=gap)
    return Check("saved_equals_trained", "failed", message, 1, fix=say("checks.saved_fix"), figures=figures)
