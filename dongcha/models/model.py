"""Hold backbone, head and tokenizer as one value that can compute logits, be saved and be loaded.

In: a model's folder and what a task asks of a head. Out: logits by feature, in order, memory bounded. Knows no task:
`card` carries the task's facts through the folder (`task.json`) unread.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn

from dongcha import files
from dongcha.data.features import Features
from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.heads._base import CARD, EXTRA_INPUTS, HeadSpec, run
from dongcha.models.room import Outputs, Room, in_batches
from dongcha.models.source import refuse_unreadable, refuse_unsafe
from dongcha.models.tokenizer import Tokenizer, load_tokenizer
from dongcha.registry import find

COLUMNS = "columns"  # on the card: {field: its columns in training}; a list in old cards: those of the text
UNSURE_BELOW = "unsure_below"  # on the card: the confidence below which answers are withheld, or None
INPUTS = ("input_ids", "mask", *EXTRA_INPUTS)  # columns of a batch that a module reads
INFERENCE_TOKENS = 4096  # padded tokens a batch without gradients: where throughput levels off on CPU


@dataclass(frozen=True)
class Model:
    """A module of `models/heads` with its tokenizer; `card` is the task's own facts, saved with it.

    `room` is what memory holds at once, found out where it is short; models made from one another share it.
    """

    module: Any
    tokenizer: Tokenizer
    spec: HeadSpec
    card: Mapping[str, Any]
    room: Room = field(default_factory=Room)

    @property
    def num_parameters(self) -> int:
        """All parameters, embeddings included."""
        return sum(p.numel() for p in self.module.parameters())

    def logits(self, features: Features, batch_tokens: int = INFERENCE_TOKENS) -> Outputs:
        """Yield (indices, logits) batch by batch, longest features first; logits (B, C) or (B, T, C) float32."""
        return self.outputs(features, self.module, batch_tokens)

    def hidden(self, features: Features, batch_tokens: int = INFERENCE_TOKENS) -> Outputs:
        """Yield (indices, hidden states (B, T, H)) of the backbone's last layer."""
        return self.outputs(features, LastHidden(self.module.backbone), batch_tokens)

    def outputs(self, features: Features, module: nn.Module, batch_tokens: int = INFERENCE_TOKENS) -> Outputs:
        """Run a module over features without gradients, in its evaluation mode, which is put back afterwards."""
        training = self.module.training
        self.module.eval()
        batch_tokens = min(batch_tokens, getattr(module, "inference_tokens", batch_tokens))
        try:
            yield from in_batches(features, batch_tokens, partial(self._computed, features, module), self.room)
        finally:
            self.module.train(training)

    def _computed(self, features: Features, module: nn.Module, indices: np.ndarray) -> np.ndarray:
        batch = features.batch(indices, self.tokenizer.pad_id)
        with torch.inference_mode():
            out = run(module, {name: self.tensor(column) for name, column in batch.items() if name in INPUTS})
        found: np.ndarray = out.float().cpu().numpy()
        return found

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.module.parameters()).device
        return device

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """Put an array where the weights are."""
        return torch.from_numpy(array).to(self.device)

    def save(self, folder: Path) -> None:
        """Write weights, tokenizer and card to `folder`, whole or not at all."""
        with files.new_folder(folder) as new:
            self.module.save(new)
            self.tokenizer.save(new)
            head = self.spec.card() | {"form": self.module.form}
            card = {"head": head, "max_tokens": self.tokenizer.max_tokens, **self.card}
            files.write_json(new / CARD, card)


class LastHidden(nn.Module):
    """A backbone whose output is its last hidden state alone."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, input_ids: torch.Tensor, mask: torch.Tensor, **extra: torch.Tensor) -> torch.Tensor:
        out = self.backbone(input_ids=input_ids, attention_mask=mask.long(), **extra)
        hidden: torch.Tensor = out.last_hidden_state
        return hidden


def build_model(folder: Path, spec: HeadSpec, *, max_tokens: int | None, seed: int, card: Mapping[str, Any]) -> Model:
    """Build a model from a pretrained folder; new weights are drawn from `seed`, set before anything is built."""
    torch.manual_seed(seed)
    module = find("models.heads", spec.name).build(folder, spec)
    tokenizer = load_tokenizer(folder, module.backbone.config)
    if max_tokens is not None:
        tokenizer.max_tokens = min(tokenizer.max_tokens, max_tokens)
    if module.form == "writer" and tokenizer.end_id is None:
        raise ModelError(say("model.no_end", folder=folder))
    if module.form == "cloze":
        module.frame(tokenizer)
    return Model(module, tokenizer, spec, card)


def load_model(folder: Path) -> Model:
    """Load what `Model.save` wrote; refuses a folder without its card or marker, that lost a file, or is not safe."""
    for name in (CARD, files.DONE):
        if not (folder / name).is_file():
            raise ModelError(say("model.not_ours", folder=folder, missing=name))
    with _undamaged(folder / files.DONE):
        saved = list(files.read_json(folder / files.DONE)["files"])
    for name in saved:
        if not (folder / name).is_file():
            raise ModelError(say("model.lost_file", folder=folder, missing=name))
    refuse_unsafe(folder)
    for name in saved:
        if name.endswith(".safetensors"):
            refuse_unreadable(folder / name)
    with _undamaged(folder / CARD):
        card = files.read_json(folder / CARD)
        spec, most = HeadSpec.from_card(card["head"]), card["max_tokens"]
    with _undamaged(folder):
        return build_model(folder, spec, max_tokens=most, seed=0, card=card)


@contextmanager
def _undamaged(file: Path) -> Iterator[None]:
    """Say of a file of ours that does not read as we wrote it that it is damaged."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        found = f"{type(error).__name__}: {error}".split("\n")[0][:120]
        raise ModelError(say("model.broken_save", file=file, error=found)) from error
