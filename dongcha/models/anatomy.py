"""Find the parts of a model by inspection: head, embeddings, layers; no table of architectures.

In: a module of `models/heads` (`backbone`, and `new`: the parameters that no checkpoint gave). Out: parameter names.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

FEEDING = ("embeddings_project", "project_in", "embedding_hidden_mapping_in")  # ELECTRA, OPT, ALBERT


@dataclass(frozen=True)
class Anatomy:
    """Names of parameters by part; `layers` from the input upwards; together they are all parameters, each once."""

    head: tuple[str, ...]
    embeddings: tuple[str, ...]  # all tables, and what stands between them and the first layer
    layers: tuple[tuple[str, ...], ...]  # of an encoder and a decoder: the encoder's first
    rest: tuple[str, ...]  # of the backbone: final norms and the like


def inspect(module: Any) -> Anatomy:
    """Sort a model's parameters into head, embeddings, layers and the rest of the backbone."""
    names = [name for name, _ in module.named_parameters()]
    body = body_of(module)
    stack = _layers_of(body)
    layers = tuple(_under(module, layer) for layer in stack)
    in_layers = {name for layer in layers for name in layer}
    backbone = set(_under(module, body))
    head = {n for n in names if n in module.new or n not in backbone}
    table = body.get_input_embeddings()
    room = _room_of(body, table, stack)
    before = [room, *(part for part in body.modules() if isinstance(part, nn.Embedding)), *_feeding(body)]
    embeddings = {name for part in before for name in _under(module, part)} - in_layers - head
    rest = [n for n in names if n not in in_layers and n not in head and n not in embeddings]
    layers = tuple(tuple(n for n in layer if n not in head) for layer in layers)
    return Anatomy(
        tuple(n for n in names if n in head), tuple(n for n in names if n in embeddings), layers, tuple(rest)
    )


def body_of(module: Any) -> Any:
    """Return what a folder's own weights are: the backbone, of a model that writes its output layer too."""
    return getattr(module, "pretrained", module.backbone)


def _under(module: nn.Module, part: nn.Module) -> tuple[str, ...]:
    """Name the parameters that lie in `part`, as `module` names them."""
    wanted = {id(p) for p in part.parameters()}
    return tuple(name for name, p in module.named_parameters() if id(p) in wanted)


def _layers_of(backbone: Any) -> list[nn.Module]:
    """Find all layers from the input upwards: of an encoder and a decoder, one's after the other's."""
    if not getattr(backbone.config, "is_encoder_decoder", False):
        return _stack(backbone)
    sides = [getattr(backbone, f"get_{side}", lambda: None)() for side in ("encoder", "decoder")]
    return [layer for side in sides if isinstance(side, nn.Module) for layer in _stack(side)]


def _feeding(backbone: nn.Module) -> list[nn.Module]:
    """Find what brings tables to the layers' width, by the names that it goes by."""
    return [part for name, part in backbone.named_modules() if name.rpartition(".")[2] in FEEDING]


def _stack(backbone: Any) -> list[nn.Module]:
    """Find the list of layers: the longest list of modules of one class that holds parameters."""
    lists = [m for m in backbone.modules() if isinstance(m, nn.ModuleList) and any(True for _ in m.parameters())]
    depth = getattr(backbone.config, "num_hidden_layers", None)
    fitting = [m for m in lists if len(m) == depth] or lists
    return list(max(fitting, key=lambda m: sum(p.numel() for p in m.parameters()), default=[]))


def _room_of(backbone: nn.Module, table: nn.Module, stack: list[nn.Module]) -> nn.Module:
    """Find the largest module around the embedding table that holds no layer: word, position, type and norm."""
    best = table
    inside_layers = {id(layer) for layer in stack}
    for candidate in backbone.modules():
        parts = {id(m) for m in candidate.modules()}
        if id(table) in parts and not parts & inside_layers and len(parts) > len(list(best.modules())):
            best = candidate
    return best


def without_decay(module: nn.Module) -> frozenset[str]:
    """Name the parameters that weight decay leaves alone: biases and norms, all that have one dimension."""
    return frozenset(name for name, parameter in module.named_parameters() if parameter.ndim < 2)
