"""Prove that the model on disk is the model that was trained: load it anew, compare weights and outputs bit by bit.

Its tokens and the facts of its task (labels, thresholds, temperature) must be the same too.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from dongcha.checks._base import Evidence
from dongcha.data.features import Features, gather
from dongcha.locale import say
from dongcha.models.model import Model, load_model
from dongcha.tasks._base import num_rows
from dongcha.tasks._model import saved_task
from dongcha.tasks._predict import lay_flat
from dongcha.types import Check


def check(evidence: Evidence) -> Check:
    """Encode the same rows with the loaded tokenizer and compute them with the loaded weights."""
    rows, features = evidence.sample(evidence.split)
    loaded = replace(load_model(evidence.model_folder), room=evidence.model.room)
    task = saved_task(loaded, evidence.model_folder)
    again = gather([task.encode(rows, loaded.tokenizer, 0)])
    same = {
        "tokens": bool(np.array_equal(again.tokens["input_ids"], features.tokens["input_ids"])),
        "task": task.card() == evidence.task.card(),
        "weights": same_weights(evidence.model.module, loaded.module),
    }
    trained, outputs = in_same_batches(evidence.model, features, loaded, again)
    gap = float(np.abs(outputs - trained).max(initial=0.0)) if outputs.shape == trained.shape else float("inf")
    figures = {"rows": num_rows(rows), "largest_difference": min(gap, 1e30)}
    figures |= {f"same_{what}": is_same for what, is_same in same.items()}
    if all(same.values()) and gap == 0.0:
        return Check("saved_equals_trained", "passed", say("checks.saved_passed", rows=num_rows(rows)), figures=figures)
    other = say("checks.and").join(say(f"checks.{what}") for what, is_same in same.items() if not is_same)
    message = say("checks.saved_other" if other else "checks.saved_failed", gap=gap, other=other)
    return Check("saved_equals_trained", "failed", message, 1, fix=say("checks.saved_fix"), figures=figures)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    """Tell whether two modules have the same tensors, those too that no row here reads."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name].cpu(), theirs[name].cpu()) for name in ours)


def in_same_batches(one: Model, features: Features, other: Model, same: Features) -> tuple[np.ndarray, np.ndarray]:
    """Return what two models that share their room make of the same features, cut into the same batches.

    Bits depend on the batches: where memory ran short between, both are computed again in what it holds.
    """
    tokens = None
    while tokens != one.room.tokens:
        tokens = one.room.tokens
        found = lay_flat(features, one.logits(features)), lay_flat(same, other.logits(same))
    return found
