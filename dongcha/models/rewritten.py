"""Write a model's folder anew with other weights: what plain Transformers loads, nothing of the old folder lost.

In: the folder that a module came from, the module. Out: a folder with its tokenizer, its pooling, its pooler.
"""

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from dongcha import files
from dongcha.models.source import weight_files

WEIGHTS = "model.safetensors"
LEFT_OUT = shutil.ignore_patterns(  # weights in every form, what a head of ours adds, and what is no part of a model
    *("*.safetensors", "*.safetensors.index.json", "*.bin", "*.pt", "*.h5", "*.onnx", "*.msgpack", "*.ot"),
    *("config.json", "task.json", files.DONE, ".git*", "onnx", "openvino"),
)


def rewrite(source: Path, hf: Any, target: Path) -> None:
    """Write `hf`, loaded from `source`, to `target`, whole or not at all; a pooler that it lacks is carried over."""
    with files.new_folder(target) as new:
        shutil.copytree(source, new, ignore=_beside_the_pooling(source), dirs_exist_ok=True)
        hf.save_pretrained(new)
        _carry_pooler(source, hf, new / WEIGHTS)


def saved_class(folder: Path) -> str:
    """Return the name of Transformers' class that a folder was saved by."""
    return str(files.read_json(folder / "config.json")["architectures"][0])


def learnt_weights(hf: Any) -> dict[str, torch.Tensor]:
    """Return a module's tensors by name, without its pooler, which no pretraining trains."""
    return {name: tensor for name, tensor in hf.state_dict().items() if "pooler." not in name}


def _beside_the_pooling(source: Path) -> Any:
    """Leave out at the folder's top what is written anew; folders of modules (`1_Pooling`) keep their config."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        return set(LEFT_OUT(folder, names)) if Path(folder) == source else set()

    return ignore


def _carry_pooler(source: Path, hf: Any, written: Path) -> None:
    """Add the source's pooler to weights that were saved without one: no pretraining trains it."""
    weights = load_file(written)
    prefix = f"{hf.base_model_prefix}."
    inner = prefix if any(name.startswith(prefix) for name in weights) else ""
    found: dict[str, torch.Tensor] = {}
    for path in weight_files(source):
        with safe_open(path, "pt") as opened:
            poolers = [n for n in opened.keys() if n.removeprefix(prefix).startswith("pooler.")]  # noqa: SIM118
            found |= {name: opened.get_tensor(name) for name in poolers}
    lacking = {f"{inner}{name.removeprefix(prefix)}": tensor for name, tensor in found.items()}
    lacking = {name: tensor for name, tensor in lacking.items() if name not in weights}
    if lacking:
        save_file(weights | lacking, written, metadata={"format": "pt"})
