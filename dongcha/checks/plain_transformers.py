"""Prove that plain Transformers reads what was saved.

Equal logits, but for rounding, where it has the head's class, else equal hidden states, with the head applied in a few
lines of numpy, as the model card shows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.numpy import load_file

from dongcha.checks._base import Evidence
from dongcha.data.features import Batch
from dongcha.files import read_json
from dongcha.locale import say
from dongcha.models.heads import cloze
from dongcha.models.heads._base import CARD, run
from dongcha.models.heads.sequence import HEAD_FILE
from dongcha.models.model import INPUTS
from dongcha.registry import find
from dongcha.tasks._base import Writes
from dongcha.types import Check

TOLERANCE = 1e-5  # of the largest logit: what another order of the same fp32 sums may cost
ROWS = 32
WITH_CLASS = ("native", "cloze")  # forms for which Transformers has a class with the head
PAIR_PARTS = 4  # vectors that a layer of two towers reads, for each of a pair's
# What is said of a form of module that passed.
PASSED = {"embedding": "checks.plain_passed_vectors"} | dict.fromkeys(("native", "writer"), "checks.plain_passed")
# What a class of Transformers takes, by our name: a list of its own, so that what our model forgets is seen here.
PLAIN_INPUTS = {"input_ids": "input_ids", "mask": "attention_mask", "token_type_ids": "token_type_ids"}


def check(evidence: Evidence) -> Check:
    """Load the folder with nothing of ours and compare outputs on a few rows."""
    model = evidence.model
    _, features = evidence.sample(evidence.split)
    batch = features.batch(np.arange(min(ROWS, len(features))), model.tokenizer.pad_id)
    ours = next(iter(_ours(evidence, batch)))
    head = find("models.heads", model.spec.name)
    head_class, theirs = theirs_of(evidence.model_folder, head, model.module.form, batch)
    counted = _counted(batch, ours)
    gap = float(np.abs(ours - theirs)[counted].max(initial=0.0))
    allowed = TOLERANCE * float(np.abs(theirs)[counted].max(initial=1.0))
    same = {"tokens": _same_ids(evidence, batch), "labels": _same_names(evidence)}
    figures = {"class": head_class, "largest_difference": gap, "same_tokens": same["tokens"]}
    figures["same_labels"] = same["labels"]
    if gap <= allowed and all(same.values()):
        key = PASSED.get(model.module.form, "checks.plain_passed_head")
        return Check("plain_transformers", "passed", say(key, head=head_class), figures=figures)
    other = say("checks.and").join(say(f"checks.{what}") for what, is_same in same.items() if not is_same)
    key = "checks.plain_other" if other else "checks.plain_failed"
    message = say(key, head=head_class, gap=gap, other=other)
    return Check("plain_transformers", "failed", message, 1, fix=say("checks.saved_fix"), figures=figures)


def theirs_of(folder: Path, head: Any, form: str, batch: Batch) -> tuple[str, np.ndarray]:
    """Return the class of Transformers that reads a folder, and the outputs of ours that it gives."""
    if hasattr(head, "plain_outputs"):
        return head.plain_class(folder), head.plain_outputs(folder, batch)
    head_class = head.PLAIN_CLASS if form in WITH_CLASS else "AutoModel"
    found = plain_logits(folder, head_class, batch, getattr(head, "PLAIN_OUTPUTS", ()))
    return head_class, head.from_plain(folder, batch, found) if form == "cloze" else found


def plain_logits(folder: Path, head_class: str, batch: Batch, outputs: tuple[str, ...] = ()) -> np.ndarray:
    """Compute logits with Transformers alone; a pooled head is applied in numpy.

    `outputs` names what a class calls its outputs where that is not `logits`; they are laid on one last axis.
    """
    plain: Any = (
        getattr(transformers, head_class).from_pretrained(folder, local_files_only=True, trust_remote_code=False).eval()
    )
    inputs = {theirs: torch.from_numpy(batch[ours]).long() for ours, theirs in PLAIN_INPUTS.items() if ours in batch}
    with torch.inference_mode():
        out = plain(**inputs)
    if outputs:
        return np.stack([getattr(out, name).numpy() for name in outputs], axis=-1)
    if head_class != "AutoModel":
        logits: np.ndarray = out.logits.numpy()
        return logits
    hidden = out.last_hidden_state.numpy()
    pooled = _pooled(hidden, batch["mask"], folder)
    if not (folder / HEAD_FILE).is_file():  # an encoder of vectors of length 1
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True))
    head = load_file(folder / HEAD_FILE)
    parts = read_json(folder / CARD)["head"].get("parts")
    if parts is not None:
        return _side_by_side(hidden, pooled, head, parts)
    if head["weight"].shape[1] == PAIR_PARTS * pooled.shape[1]:  # two towers: a pair's texts stand together
        u, v = pooled[0::2], pooled[1::2]
        lengths = np.linalg.norm(u, axis=1, keepdims=True) * np.linalg.norm(v, axis=1, keepdims=True)
        product = u * v / lengths * np.sqrt(u.shape[1])
        pooled = np.repeat(np.concatenate([u, v, np.abs(u - v), product], axis=1), 2, axis=0)
    result: np.ndarray = pooled @ head["weight"].T + head["bias"]
    return result


def _side_by_side(
    hidden: np.ndarray, pooled: np.ndarray, head: Mapping[str, np.ndarray], parts: list[dict[str, Any]]
) -> np.ndarray:
    """Apply the heads of several tasks (B, T, C): by token, or by text at its first token."""
    found = []
    for part in parts:
        weight, bias = head[f"{part['part']}.weight"], head[f"{part['part']}.bias"]
        if part["name"] == "token":
            found.append(hidden @ weight.T + bias)
        else:
            own = np.zeros((*hidden.shape[:2], len(bias)), dtype=np.float32)
            own[:, 0] = pooled @ weight.T + bias
            found.append(own)
    return np.concatenate(found, axis=-1)


def _pooled(hidden: np.ndarray, mask: np.ndarray, folder: Path) -> np.ndarray:
    config = (folder / "1_Pooling" / "config.json").read_text(encoding="utf-8")
    if '"pooling_mode_cls_token": true' in config:
        first: np.ndarray = hidden[:, 0]
        return first
    if '"pooling_mode_max_tokens": true' in config:
        return np.asarray(np.where(mask[..., None], hidden, -np.inf).max(axis=1))
    return np.asarray((hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))


def _ours(evidence: Evidence, batch: Batch) -> list[np.ndarray]:
    module = evidence.model.module.eval()
    with torch.inference_mode():
        inputs = {name: evidence.model.tensor(batch[name]) for name in INPUTS if name in batch}
        return [run(module, inputs).cpu().numpy()]


def _counted(batch: Batch, outputs: np.ndarray) -> np.ndarray:
    """Choose the outputs that mean something: all of a text's, and those of tokens that are not padding."""
    return batch["mask"] if outputs.ndim == 3 else np.ones(len(outputs), dtype=bool)


def _same_names(evidence: Evidence) -> bool:
    """Tell whether Transformers calls the outputs of its own head as the task does; a pooled head has no names."""
    wanted = evidence.model.spec.labels
    if evidence.model.module.form != "native" or not wanted:
        return True
    named = transformers.AutoConfig.from_pretrained(
        evidence.model_folder, local_files_only=True, trust_remote_code=False
    ).id2label
    return [named.get(i) for i in range(len(named))] == list(wanted)


def _same_ids(evidence: Evidence, batch: Batch) -> bool:
    """Tell whether the saved tokenizer, loaded by Transformers, gives the ids that the model was trained on."""
    rows, features = evidence.sample(evidence.split)
    plain = transformers.AutoTokenizer.from_pretrained(
        evidence.model_folder, local_files_only=True, trust_remote_code=False
    )
    texts = evidence.task.texts(rows)
    by_feature = len(texts[0]) == len(features)
    for i in range(min(ROWS, len(features))):
        row = int(features.units["row"][i])
        if not by_feature and (np.asarray(features.units["row"]) == row).sum() > 1:
            continue  # a text in windows has no single sequence to compare
        found = _plain_ids(evidence, plain, [side[i if by_feature else row] for side in texts])
        own = features.tokens["input_ids"][features.starts[i] : features.starts[i + 1]].tolist()
        if isinstance(evidence.task, Writes):  # the prompt, with an answer behind it
            own = own[: len(found)]
        if found != own:
            return False
    return True


def _plain_ids(evidence: Evidence, plain: Any, texts: list[str]) -> list[int]:
    """Return the ids that plain Transformers' tokenizer gives a row: its texts alone, or inside a cloze's template."""
    model = evidence.model
    if model.module.form == "cloze":
        return cloze.plain_ids(model.module, model.tokenizer, plain, *texts)
    found: list[int] = plain(*texts, truncation=True, max_length=model.tokenizer.max_tokens)["input_ids"]
    return found
