"""Prove that plain Transformers loads what pretraining wrote: the same weights, bit by bit, and the same tokens."""

import transformers

from dongcha.checks._base import Evidence
from dongcha.locale import say
from dongcha.loop.proof import digest
from dongcha.models.rewritten import learnt_weights, saved_class
from dongcha.types import Check

NAME = "loads_as_pretrained"
TEXTS = 32


def check(evidence: Evidence) -> Check:
    """Load the folder with nothing of ours; compare all weights with those that learnt, and the ids of a few texts."""
    assert evidence.pretrained is not None
    folder = evidence.model_folder
    head_class = saved_class(folder)
    loaded = getattr(transformers, head_class).from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    same = {"weights": digest(learnt_weights(loaded)) == evidence.pretrained.weights, "tokens": _same_tokens(evidence)}
    figures = {"class": head_class} | {f"same_{what}": is_same for what, is_same in same.items()}
    if all(same.values()):
        return Check(NAME, "passed", say("checks.pretrained_passed", head=head_class), figures=figures)
    other = say("checks.and").join(say(f"checks.{what}") for what, is_same in same.items() if not is_same)
    message = say("checks.pretrained_failed", head=head_class, other=other)
    return Check(NAME, "failed", message, 1, fix=say("checks.saved_fix"), figures=figures)


def _same_tokens(evidence: Evidence) -> bool:
    plain = transformers.AutoTokenizer.from_pretrained(
        evidence.model_folder, local_files_only=True, trust_remote_code=False
    )
    rows, _ = evidence.sample(evidence.split)
    texts = list(rows["text"][:TEXTS])
    ours: list[list[int]] = evidence.model.tokenizer.ids(texts)
    return bool(plain(texts)["input_ids"] == ours)
