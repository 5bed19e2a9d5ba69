"""Train low-rank changes to the linear layers and the head; the layers themselves stay as they are.

Each linear layer W of the backbone becomes W + s B A, with A (rank, in) drawn and B (out, rank) zero, and s =
alpha / rank, or alpha / sqrt(rank) (Hu et al. 2022, equation 3; Kalajdzievski 2023). Only A, B and the head learn.
After training the change is added to W, so the model is an ordinary one; the change alone lies beside it as an adapter
that peft loads. The library is `peft`.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn
from transformers.pytorch_utils import Conv1D

from dongcha.errors import UserError
from dongcha.locale import say
from dongcha.models.anatomy import Anatomy, body_of
from dongcha.models.heads.sequence import save_head

RATE_FACTOR = 10.0  # of the usual rate of full fine-tuning: few numbers that begin at nothing have far to go
MARK = ".lora_"  # in the name of each parameter that learns
HANDLE = "_low_rank"  # attribute of a module that holds peft's own model; no part of the module


class Options(BaseModel):
    """How many numbers a change has, how much it weighs, where it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rank: int = Field(8, ge=1, le=1024, description="rank of each change")
    alpha: float | None = Field(None, gt=0, description="weight of the change; default: twice the rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of a layer's input that the change does not see")
    targets: list[str] = Field([], description="names of linear layers, or their ends; default: all")
    rank_stabilized: bool = Field(False, description="divide alpha by the root of the rank")


def prepare(module: Any, anatomy: Anatomy, options: Options, seed: int) -> None:
    """Put changes that change nothing yet into a module's linear layers; the same seed draws the same ones."""
    if HANDLE in vars(module):
        return
    peft = library()
    names = layers_of(module, anatomy, options)
    config = peft.LoraConfig(
        r=options.rank,
        lora_alpha=2 * options.rank if options.alpha is None else options.alpha,
        lora_dropout=options.dropout,
        target_modules=names,
        use_rslora=options.rank_stabilized,
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        torch.manual_seed(seed)
        warnings.simplefilter("ignore", FutureWarning)  # peft asks a model by a name that Transformers will drop
        warnings.filterwarnings("ignore", "fan_in_fan_out is set")  # peft sets it for GPT-2 itself
        vars(module)[HANDLE] = peft.get_peft_model(module.hf, config)


def layers_of(module: Any, anatomy: Anatomy, options: Options) -> list[str]:
    """Name the backbone's linear layers, as the module's `hf` names them; those that were asked for."""
    inside = {id(part) for part in body_of(module).modules()} - {id(module.hf.get_output_embeddings())}
    new = {name.rpartition(".")[0] for name in anatomy.head}
    found = [
        name
        for name, part in module.hf.named_modules()
        if isinstance(part, nn.Linear | Conv1D) and id(part) in inside and f"hf.{name}" not in new
    ]
    chosen = [name for name in found if not options.targets or name.endswith(tuple(options.targets))]
    if not chosen:
        ends = sorted({name.rpartition(".")[2] for name in found})
        raise UserError(say("adapt.no_targets", asked=", ".join(options.targets), found=", ".join(ends)))
    return chosen


def trained(anatomy: Anatomy, options: Options) -> tuple[str, ...]:
    """Name the changes; the head always learns too."""
    names = (*anatomy.embeddings, *(n for layer in anatomy.layers for n in layer), *anatomy.rest)
    return tuple(name for name in names if MARK in name)


def release(module: Any) -> None:
    """Take the changes out again, as if they had not been there."""
    if HANDLE in vars(module):
        vars(module).pop(HANDLE).unload()


def finish(module: Any, folder: Path) -> None:
    """Write the changes to `folder` as an adapter, the head beside them, and add them to the layers."""
    held = vars(module).pop(HANDLE)
    held.save_pretrained(folder, safe_serialization=True)
    head = {name: p for name, p in module.named_parameters() if name in module.new}
    if head:
        save_head(folder, head)
    held.merge_and_unload()


def library() -> Any:
    """Return peft, or say what to install."""
    try:
        import peft
    except ImportError:
        raise UserError(say("adapt.no_peft")) from None
    return peft
