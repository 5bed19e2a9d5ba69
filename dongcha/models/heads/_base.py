"""Say what a head is, and wrap the two ways to be one: a class that Transformers has, or pooling plus a linear layer.

Shape letters: B texts, T tokens, H hidden width, C outputs.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.attention import use_quick_attention
from dongcha.models.linear import use_quick_linear

transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


CARD = "task.json"  # beside a saved model: its task, and what its head is for


@dataclass(frozen=True, kw_only=True)
class HeadSpec:
    """What a task asks of a head.

    `num_outputs` C; `loss` names the loss in the head's LOSSES; `label_smoothing` in [0, 1); `class_weights` (C,) or
    empty for none; `dropout` overrides the model's own probabilities when it is a number; `pooling` joins a text's
    tokens where the folder names no way to, None leaves such a model to the class that Transformers has; `template` is
    the text around a text that a cloze is read from. A head of several tasks has one spec a task in `parts`, each with
    the task's name as its `part` and the `weight` of its loss.
    """

    name: str
    num_outputs: int
    loss: str
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    dropout: float | None = None
    labels: tuple[str, ...] = field(default=())
    pooling: str | None = None
    template: str = ""
    part: str = ""
    weight: float = 1.0
    parts: "tuple[HeadSpec, ...]" = ()

    def card(self) -> dict[str, Any]:
        """Return what rebuilds the head of a saved model."""
        facts: dict[str, Any] = {name: getattr(self, name) for name in ("name", "num_outputs", "loss", "labels")}
        if self.parts:
            own = [{"part": part.part, "weight": part.weight} for part in self.parts]
            facts["parts"] = [part.card() | kept for part, kept in zip(self.parts, own, strict=True)]
        return facts

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "HeadSpec":
        """Rebuild what `card` returned."""
        facts = {name: card[name] for name in ("name", "num_outputs", "loss")}
        facts |= {name: card[name] for name in ("part", "weight") if name in card}
        parts = tuple(cls.from_card(part) for part in card.get("parts", ()))
        return cls(**facts, labels=tuple(card["labels"]), parts=parts)

    @property
    def by_token(self) -> bool:
        """Tell whether each token gets an answer of its own."""
        return self.name == "token" or any(part.by_token for part in self.parts)


# Columns of a batch that a module gets beside ids and mask, where they are there.
EXTRA_INPUTS = ("token_type_ids", "next", "written", "position", "branch")


def run(module: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """Run a module on a batch: `input_ids` and `mask` (B, T), and what else of the batch it reads."""
    extra = {name: batch[name] for name in EXTRA_INPUTS if name in batch}
    out: Tensor = module(batch["input_ids"], batch["mask"], **extra)
    return out


class Native(nn.Module):
    """A model class of Transformers, head included; `new` names the parameters that its checkpoint did not hold."""

    form = "native"

    def __init__(self, hf: Any, new: frozenset[str]) -> None:
        super().__init__()
        self.hf = hf
        self.new = frozenset(f"hf.{name}" for name in new)

    @property
    def backbone(self) -> nn.Module:
        """The model without its head."""
        module: nn.Module = getattr(self.hf, self.hf.base_model_prefix, self.hf)
        return module

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return logits: (B, C) or (B, T, C)."""
        logits: Tensor = self.hf(input_ids=input_ids, attention_mask=mask.long(), **extra).logits
        return logits

    def save(self, folder: Path) -> None:
        """Write the weights so that Transformers' own class loads them."""
        self.hf.save_pretrained(folder)


def load_native(auto: Any, folder: Path, spec: HeadSpec, **extra: Any) -> Native:
    """Load `auto` (an AutoModelFor... class) with C outputs named by the labels; new weights come from torch's seed."""
    labels = spec.labels or tuple(str(i) for i in range(spec.num_outputs))
    settings = {"num_labels": spec.num_outputs, "id2label": dict(enumerate(labels)), **extra}
    settings["label2id"] = {label: i for i, label in enumerate(labels)}
    module, info = load_hf(auto, folder, spec.dropout, settings)
    inside = f"{module.base_model_prefix}."
    refuse_incomplete(folder, frozenset(name for name in info["missing_keys"] if name.startswith(inside)))
    return Native(module, frozenset(info["missing_keys"]))


def load_hf(
    auto: Any, folder: Path, dropout: float | None, settings: Mapping[str, Any]
) -> tuple[Any, Mapping[str, Any]]:
    """Load a Transformers model from a local folder, fp32, safetensors only, no code of the folder's own."""
    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        for name, value in {**settings, **dropouts(config, dropout)}.items():
            setattr(config, name, value)
        module, info = auto.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **_without_pooler(auto, config),
        )
    except Exception as error:  # each architecture fails in its own way
        raise ModelError(say("model.unreadable", folder=folder, error=str(error).split("\n")[0][:160])) from error
    use_quick_attention(module)
    use_quick_linear(module)
    new = set(info["missing_keys"]) | {key for key, *_ in info.get("mismatched_keys", ())}
    return module, {**info, "missing_keys": new}


def refuse_incomplete(folder: Path, missing: frozenset[str]) -> None:
    """Refuse a backbone some of whose own weights are absent; poolers that no one uses are forgiven."""
    lost = sorted(name for name in missing if "pooler" not in name and "position_ids" not in name)
    if lost:
        raise ModelError(say("model.incomplete", folder=folder, names=", ".join(lost[:3])))


def dropouts(config: Any, dropout: float | None) -> dict[str, float]:
    """List the configuration's dropout probabilities, found by their names, all set to `dropout`."""
    return {} if dropout is None else dict.fromkeys(_own_dropouts(config), dropout)


def own_dropout(config: Any) -> float:
    """Return the dropout of a model's hidden states, as its configuration has it; the first of any kind else."""
    found = _own_dropouts(config)
    return next(
        (found[name] for name in ("hidden_dropout_prob", "hidden_dropout", "dropout", *found) if name in found), 0.0
    )


def _own_dropouts(config: Any) -> dict[str, float]:
    found = config.to_dict().items()
    return {name: value for name, value in found if "drop" in name and isinstance(value, float) and name != "layerdrop"}


def class_weights(logits: Tensor, spec: HeadSpec) -> Tensor | None:
    """Return the class weights (C,) where the logits are; None when all classes weigh the same."""
    return logits.new_tensor(spec.class_weights) if spec.class_weights else None


def _without_pooler(auto: Any, config: Any) -> dict[str, bool]:
    """Ask a bare backbone for no pooler where its class has one: nothing here reads it."""
    if auto is not transformers.AutoModel or type(config) not in auto._model_mapping:
        return {}
    kind: Any = auto._model_mapping[type(config)]
    return {"add_pooling_layer": False} if "add_pooling_layer" in inspect.signature(kind).parameters else {}
