"""Write text: the language model that Transformers has for a folder, decoder alone or encoder and decoder.

A feature holds what is read and what is to be written, end to end; `next` says at each token which one is to come (the
one that follows it, or with an encoder the token itself), IGNORED where none is asked for. `written` marks the tokens
that an encoder does not read. `position` counts from 0 in each sample, so several samples may share a feature without
one seeing the other. Outputs are by token, one figure: the surprise (nats) of the token to come. All logits are never
held at once: only those that are asked for are computed. Where several answers to one prompt are weighed, `branch`
numbers them from 1 (0: the prompt): each goes on from the prompt and sees no other.

Shape letters: B features, T tokens, M tokens that are asked for, V pieces of the vocabulary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from dongcha.data.features import IGNORED, Batch, Features
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.attention import additive
from dongcha.models.heads._base import HeadSpec, Native, load_native
from dongcha.models.kind import ENCODER, TWO_SIDED, kind_of

TARGET = "next"
SPEC = HeadSpec(name="writer", num_outputs=1, loss="next_token")
PROBED = 4  # tokens of each of two samples that are packed to see whether they stay apart
FULL, SLIDING = "full_attention", "sliding_attention"  # kinds of layers, as configurations name them


class Writer(Native):
    """A decoder: each token is guessed from those before it in its sample."""

    form = "writer"
    LOGITS_AT_ONCE = 2**27  # numbers: what a batch of logits without gradients may hold

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return the surprise of each token that is asked for (B, T, 1); 0 elsewhere."""
        wanted_BT = extra["next"]
        given: dict[str, Any] = {"attention_mask": mask.long()}
        if "branch" in extra:
            seen = masks(seen_by(extra["branch"], mask), extra["position"], self.hf.config)
            given = {"attention_mask": seen, "position_ids": extra["position"]}
        elif packed(extra["position"], mask):  # samples end to end: positions say where each begins
            if not self.keeps_apart:
                return self._one_by_one(input_ids, wanted_BT, extra["position"], mask)
            given = {"attention_mask": None, "position_ids": extra["position"]}
        return self.surprise(wanted_BT, input_ids=input_ids, use_cache=False, **given)

    @cached_property
    def keeps_apart(self) -> bool:
        """Tell whether Transformers' class lets no sample see another one packed before it; some masks do not."""
        training, device = self.hf.training, self.hf.get_input_embeddings().weight.device
        ids = torch.arange(1, 1 + 2 * PROBED, device=device)[None] % self.hf.get_input_embeddings().weight.shape[0]
        places = torch.arange(PROBED, device=device).repeat(2)[None]
        self.hf.eval()
        with torch.no_grad():
            together = self.hf(input_ids=ids, attention_mask=None, position_ids=places, use_cache=False).logits
            alone = self.hf(input_ids=ids[:, PROBED:], use_cache=False).logits
        self.hf.train(training)
        return bool(torch.allclose(together[:, PROBED:], alone, rtol=0, atol=1e-3 * float(alone.abs().max())))

    def _one_by_one(self, ids_BT: Tensor, wanted_BT: Tensor, position_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """Return the surprise of packed tokens (B, T, 1), each sample laid in a row of its own (N, L)."""
        place_S = position_BT[mask_BT]
        sample_S = (place_S == 0).cumsum(0) - 1
        shape = int(sample_S[-1]) + 1, int(place_S.max()) + 1
        ids_NL, wanted_NL = ids_BT.new_zeros(shape), wanted_BT.new_full(shape, IGNORED)
        seen_NL = torch.zeros(shape, dtype=torch.long, device=ids_BT.device)
        ids_NL[sample_S, place_S], wanted_NL[sample_S, place_S] = ids_BT[mask_BT], wanted_BT[mask_BT]
        seen_NL[sample_S, place_S] = 1
        found_NL = self.surprise(wanted_NL, input_ids=ids_NL, attention_mask=seen_NL, use_cache=False)[..., 0]
        out = torch.zeros(wanted_BT.shape, dtype=found_NL.dtype, device=found_NL.device)
        return out.masked_scatter(mask_BT, found_NL[sample_S, place_S])[..., None]

    def surprise(self, wanted_BT: Tensor, **given: Any) -> Tensor:
        """Run the model for the tokens that are asked for alone; return their surprise (B, T, 1)."""
        asked_BT = wanted_BT != IGNORED
        found = torch.zeros(wanted_BT.shape, dtype=torch.float32, device=wanted_BT.device)
        if not bool(asked_BT.any()):
            return found[..., None]
        with only_at(self.hf.get_output_embeddings(), asked_BT):
            logits_MV = self.hf(**given).logits.reshape(int(asked_BT.sum()), -1)
        return found.masked_scatter(asked_BT, surprises(logits_MV, wanted_BT[asked_BT]))[..., None]

    @property
    def pretrained(self) -> Any:
        """All that came with the folder: the output layer is no head of ours."""
        return self.hf

    @property
    def inference_tokens(self) -> int:
        """Tokens of a batch without gradients whose logits are no more than LOGITS_AT_ONCE."""
        return max(1, self.LOGITS_AT_ONCE // int(self.hf.get_output_embeddings().weight.shape[0]))


class Translator(Writer):
    """An encoder and a decoder: what is written is guessed from what was read and what was written before."""

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return the surprise of each token that is asked for (B, T, 1), at its own place; 0 elsewhere."""
        written_BT, wanted_BT = extra["written"].bool(), extra["next"]
        read_BT = mask & ~written_BT
        source_BR, seen_BR = leftmost(input_ids, read_BT)
        target_BW, kept_BW = leftmost(wanted_BT.masked_fill(~written_BT, IGNORED), written_BT)
        target_BW = target_BW.masked_fill(~kept_BW, IGNORED)
        shifted_BW = self._begun(target_BW)
        found_BW = self.surprise(
            target_BW,
            input_ids=source_BR,
            attention_mask=seen_BR.long(),
            decoder_input_ids=shifted_BW,
            use_cache=False,
        )[..., 0]
        out = torch.zeros(wanted_BT.shape, dtype=found_BW.dtype, device=found_BW.device)
        return out.masked_scatter(written_BT, found_BW[kept_BW])[..., None]

    @property
    def backbone(self) -> Any:
        """What reads."""
        return self.hf.get_encoder()

    def _begun(self, target_BW: Tensor) -> Tensor:
        """Return what the decoder reads: the token it begins with, then what is written but for the last."""
        config = self.hf.config
        first = config.decoder_start_token_id
        pad = config.pad_token_id if config.pad_token_id is not None else 0
        ids = target_BW.masked_fill(target_BW == IGNORED, pad)
        begun = torch.full_like(ids[:, :1], pad if first is None else first)
        return torch.cat([begun, ids[:, :-1]], dim=1)


def seen_by(branch_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """Return what each token sees (B, T, T) bool: those before it in the prompt and in its own branch, and itself."""
    tokens = branch_BT.shape[1]
    before = torch.ones(tokens, tokens, dtype=torch.bool, device=branch_BT.device).tril()
    same = (branch_BT[:, None, :] == 0) | (branch_BT[:, None, :] == branch_BT[:, :, None])
    itself = torch.eye(tokens, dtype=torch.bool, device=branch_BT.device)
    return (before & same & mask_BT[:, None, :]) | itself


def masks(seen_BTT: Tensor, position_BT: Tensor, config: Any) -> Tensor | dict[str, Tensor]:
    """Return what is added to the scores of attention (B, 1, T, T); by kind of layer, where some see a window alone."""
    window, kinds = getattr(config, "sliding_window", None), set(getattr(config, "layer_types", None) or ())
    full = additive(seen_BTT[:, None], torch.float32)
    if window is None or kinds == {FULL}:
        return full
    near_BTT = position_BT[:, :, None] - position_BT[:, None, :] < window
    narrow = additive((seen_BTT & near_BTT)[:, None], torch.float32)
    return {FULL: full, SLIDING: narrow} if kinds else narrow


def packed(position_BT: Tensor, mask_BT: Tensor) -> bool:
    """Tell whether some feature of a batch holds more than one sample."""
    begins = (position_BT == 0) & mask_BT
    return bool((begins.sum(1) > 1).any())


def leftmost(values_BT: Tensor, kept_BT: Tensor) -> tuple[Tensor, Tensor]:
    """Move the kept values of each row to its left, in order; return them and where they are (B, longest)."""
    order = (~kept_BT).to(torch.int8).argsort(dim=1, stable=True)
    longest = max(1, int(kept_BT.sum(1).max()))
    return values_BT.gather(1, order)[:, :longest], kept_BT.gather(1, order)[:, :longest]


@contextmanager
def only_at(layer: nn.Module, asked_BT: Tensor) -> Iterator[None]:
    """Let a layer see only the states (B, T, H) that are asked for, as (1, M, H)."""

    def chosen(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (inputs[0][asked_BT][None], *inputs[1:])

    hook = layer.register_forward_pre_hook(chosen)
    try:
        yield
    finally:
        hook.remove()


def surprises(logits_MV: Tensor, wanted_M: Tensor) -> Tensor:
    """Return minus the log-probability of each token that came (M,), fp32."""
    return F.cross_entropy(logits_MV.float(), wanted_M, reduction="none")


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build the language model of a folder; one whose output layer was never trained is refused."""
    kind, auto = kind_of(folder), getattr(transformers, plain_class(folder))
    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if kind == ENCODER or type(config) not in auto._model_mapping:
        raise ModelError(say("model.no_writer", folder=folder, kind=getattr(config, "model_type", "")))
    native = load_native(auto, folder, spec)
    if native.new:
        raise ModelError(say("model.no_writer_weights", folder=folder, names=", ".join(sorted(native.new)[:3])))
    return (Translator if kind == TWO_SIDED else Writer)(native.hf, frozenset())


def next_token(surprise_BTC: Tensor, targets_BT: Tensor, spec: HeadSpec) -> Tensor:
    """Sum the surprises of the tokens that were asked for: the cross-entropy of what is to be written."""
    return surprise_BTC.sum()


def num_asked(targets: np.ndarray) -> float:
    """Count the tokens that are asked for."""
    return float((targets != IGNORED).sum())


AS_IT_IS = True  # there is no layer to fit: what the model writes untrained is the best it gives without training
LOSSES = {"next_token": next_token}
WEIGHTS = {"next_token": num_asked}


def plain_class(folder: Path) -> str:
    """Return the class of Transformers that reads a folder."""
    return "AutoModelForSeq2SeqLM" if kind_of(folder) == TWO_SIDED else "AutoModelForCausalLM"


def plain_outputs(folder: Path, batch: Batch) -> np.ndarray:
    """Return the surprises (B, T, 1) as plain Transformers computes them, sample by sample, from all its logits."""
    name = plain_class(folder)
    kind: Any = getattr(transformers, name)
    plain = kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False).eval()
    found = np.zeros((*batch["mask"].shape, 1), dtype=np.float32)
    for row, inside in samples_of(batch):
        ids, wanted = (torch.from_numpy(batch[column][row][inside]) for column in ("input_ids", "next"))
        asked = wanted != IGNORED
        with torch.inference_mode():
            if name == "AutoModelForCausalLM":
                logits = plain(input_ids=ids[None]).logits[0][asked]
            else:
                labels = wanted[asked][None]
                logits = plain(input_ids=ids[~batch_written(batch, row, inside)][None], labels=labels).logits[0]
        said = -logits.float().log_softmax(-1).gather(1, wanted[asked][:, None])[:, 0]
        places = np.flatnonzero(inside)[asked.numpy()]
        found[row, places, 0] = said.numpy()
    return found


def samples_of(batch: Batch) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each row of a batch with the places of a sample in it: all, or the prompt with one of its branches."""
    for row, inside in enumerate(batch["mask"]):
        branch = batch.get("branch", np.zeros_like(batch["mask"], dtype=np.int64))[row]
        numbers = np.unique(branch[inside & (branch > 0)])
        for number in numbers.tolist() or [0]:
            yield row, inside & ((branch == 0) | (branch == number))


def batch_written(batch: Batch, row: int, inside: np.ndarray) -> Tensor:
    """Return which tokens of a row are written, not read."""
    return torch.from_numpy(batch["written"][row][inside].astype(bool))


def flat_targets(features: Features) -> np.ndarray:
    """Return the token to come at each token (S,); IGNORED where none is asked for."""
    return np.asarray(features.tokens["next"])
