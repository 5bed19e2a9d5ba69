"""Give one output a label by a masked language model: how likely the label's words are at a mask in a template.

The template frames every text ("... This text is about [MASK]."): its tokens join the tokenizer's prefix and suffix, so
that long texts are cut and the template never is. An output is the log of the label's words' summed probability at
the mask (Schick & Schütze 2021, "Exploiting Cloze Questions", equation 1, with several words a label), a word of
several pieces counting by the mean of its pieces' log probabilities, plus a bias. Nothing here is trained.

Shape letters: B texts, T tokens, V vocabulary, W words, P pieces of a word, C labels.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dongcha.data.features import Batch
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.heads import sequence
from dongcha.models.heads._base import HeadSpec, load_hf
from dongcha.models.masked import has_masked_head
from dongcha.models.tokenizer import Tokenizer

TEXT, MASK = "{text}", "{mask}"
HEAD_FILE, TEMPLATE_FILE = sequence.HEAD_FILE, "cloze.json"
MOST_SCORES = 2**26  # token scores computed at once: a large vocabulary takes few texts at a time
NO_PIECE = -1
LOSSES, TARGET = sequence.LOSSES, sequence.TARGET
PLAIN_CLASS = "AutoModelForMaskedLM"
vectors, flat_targets = sequence.vectors, sequence.flat_targets


class Cloze(nn.Module):
    """A masked language model read at one place; `template` holds {text} and {mask}, `place` counts from an end."""

    form = "cloze"
    new: frozenset[str] = frozenset()
    pieces: Tensor
    label: Tensor
    bias: Tensor

    def __init__(self, hf: Any, template: str, num_outputs: int) -> None:
        super().__init__()
        self.hf, self.template, self.place = hf, template.strip(), 0
        self.words(torch.zeros(num_outputs, 1, dtype=torch.long), torch.arange(num_outputs), torch.zeros(num_outputs))

    def words(self, pieces_WP: Tensor, label_W: Tensor, bias_C: Tensor) -> None:
        """Take the words of all labels: their pieces (NO_PIECE beyond a word's last), whose they are, the biases."""
        for name, tensor in (("pieces", pieces_WP), ("label", label_W), ("bias", bias_C)):
            self.register_buffer(name, tensor)

    @property
    def backbone(self) -> Any:
        """The model without its head."""
        return getattr(self.hf, self.hf.base_model_prefix)

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return outputs (B, C)."""
        lengths = mask.sum(dim=1)
        places = lengths + self.place if self.place < 0 else torch.full_like(lengths, self.place)
        rows = max(1, MOST_SCORES // (input_ids.shape[1] * int(self.hf.config.vocab_size)))
        found = []
        for start in range(0, len(input_ids), rows):
            part = slice(start, start + rows)
            more = {name: column[part] for name, column in extra.items()}
            scores = self.hf(input_ids=input_ids[part], attention_mask=mask[part].long(), **more).logits
            found.append(scores[torch.arange(len(scores)), places[part]])
        return answers(torch.cat(found), self.pieces, self.label, self.bias)

    def frame(self, tokenizer: Tokenizer) -> None:
        """Put the template's tokens around every text that the tokenizer frames from now on."""
        if tokenizer.hf.mask_token_id is None:
            raise ModelError(say("model.no_masked_head", folder=tokenizer.hf.name_or_path))
        before, after = (side.replace(MASK, tokenizer.hf.mask_token) for side in self.template.split(TEXT))
        blank = before[len(before.rstrip()) :]
        if tokenizer.holds_blanks:  # a blank belongs to what follows it: to the text, or to the template after the text
            tokenizer.opening = blank
        else:
            after = after.lstrip()
        sides = [tokenizer.raw.encode(side, add_special_tokens=False).ids for side in (before.rstrip(), after)]
        head, tail = (np.array(side, dtype=np.int32) for side in sides)
        mask_id = int(tokenizer.hf.mask_token_id)
        tokenizer.prefix = np.concatenate([tokenizer.prefix, head])
        tokenizer.suffix = np.concatenate([tail, tokenizer.suffix])
        at = np.flatnonzero(tokenizer.prefix == mask_id)
        last = np.flatnonzero(tokenizer.suffix == mask_id)
        self.place = int(at[0]) if len(at) else int(last[0]) - len(tokenizer.suffix)

    def opening(self, tokenizer: Tokenizer) -> str:
        """Return what a word at the mask opens with: the blank before the mask, where pieces hold theirs.

        It stays out where the mask leaves it a piece of its own.
        """
        apart, joined = tokenizer.plain_ids([f"a{blank}{tokenizer.hf.mask_token}" for blank in (" ", "")])
        is_apart = self.template.partition(MASK)[0].endswith(" ")
        return " " if is_apart and tokenizer.holds_blanks and apart == joined else ""

    def save(self, folder: Path) -> None:
        """Write the masked language model for plain Transformers, and the words and the template beside it."""
        self.hf.save_pretrained(folder)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.named_buffers(recurse=False)}
        save_file(tensors, folder / HEAD_FILE)
        told = {"template": self.template, "place": self.place}
        (folder / TEMPLATE_FILE).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def build(folder: Path, spec: HeadSpec) -> nn.Module:
    """Build from a folder with a masked-LM head; a folder that we saved gets its words and its template back."""
    if not has_masked_head(folder):
        raise ModelError(say("model.no_masked_head", folder=folder))
    hf, info = load_hf(transformers.AutoModelForMaskedLM, folder, spec.dropout, {})
    if info["missing_keys"]:
        names = ", ".join(sorted(info["missing_keys"])[:3])
        raise ModelError(say("model.incomplete", folder=folder, names=names))
    tensors = {} if spec.template else sequence.own_head(folder, spec)  # a recipe says its own template and words
    known = json.loads((folder / TEMPLATE_FILE).read_text(encoding="utf-8")) if tensors else {"template": spec.template}
    module = Cloze(hf, known["template"], spec.num_outputs)
    if tensors:
        module.words(tensors["pieces"], tensors["label"], tensors["bias"])
    return module


def answers(scores_BV: Tensor, pieces_WP: Tensor, label_W: Tensor, bias_C: Tensor) -> Tensor:
    """Return outputs (B, C) of the vocabulary's scores at the mask."""
    log_probs = scores_BV.log_softmax(dim=-1)
    there = pieces_WP >= 0
    by_piece = log_probs[:, pieces_WP.clamp(min=0)] * there
    by_word = by_piece.sum(dim=-1) / there.sum(dim=-1)
    own = label_W == torch.arange(len(bias_C), device=label_W.device)[:, None]
    found: Tensor = by_word[:, None, :].masked_fill(~own, float("-inf")).logsumexp(dim=-1) + bias_C
    return found


def from_plain(folder: Path, batch: Batch, scores: np.ndarray) -> np.ndarray:
    """Return outputs (B, C) of what plain Transformers' class gives for all tokens (B, T, V)."""
    told, tensors = json.loads((folder / TEMPLATE_FILE).read_text(encoding="utf-8")), load_file(folder / HEAD_FILE)
    lengths = batch["mask"].sum(axis=1)
    places = lengths + told["place"] if told["place"] < 0 else np.full_like(lengths, told["place"])
    at_mask = torch.from_numpy(scores[np.arange(len(scores)), places])
    return np.asarray(answers(at_mask, tensors["pieces"], tensors["label"], tensors["bias"]))


def plain_text(module: Cloze, tokenizer: Tokenizer, text: str) -> str:
    """Return what plain Transformers' tokenizer would be given for a text."""
    return module.template.replace(MASK, tokenizer.hf.mask_token).replace(TEXT, text)


def plain_ids(module: Cloze, tokenizer: Tokenizer, plain: Any, text: str) -> list[int]:
    """Return the ids that plain Transformers' tokenizer gives a text in its template, where the text alone is cut."""
    ids: list[int] = plain(plain_text(module, tokenizer, text))["input_ids"]
    behind = len(tokenizer.suffix)
    return ids[: min(len(ids), tokenizer.max_tokens) - behind] + ids[len(ids) - behind :]
