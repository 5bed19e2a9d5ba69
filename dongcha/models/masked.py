"""Hold a masked language model, and ask it how well it knows a text: pseudo-perplexity.

In: a model's folder. Out: a module whose logits are computed at the chosen places alone, its output layer tied to the
embeddings (Transformers' own class, so plain Transformers loads what is saved); and a figure. For that each token is
masked in turn and predicted from all others (Salazar et al. 2020, Masked Language Model Scoring, equations 1 and 2):
exp of the mean negative log-likelihood over all tokens of all texts. Cost: one forward pass a token, batched by text.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from dongcha.errors import ModelError
from dongcha.locale import say
from dongcha.models.heads._base import load_hf, refuse_incomplete
from dongcha.models.heads.sequence import own_pooling
from dongcha.models.tokenizer import Tokenizer

METHODS = {"method": "mlm", "others": "simcse, tsdae"}  # for messages: who needs such a head, and who does not
LONGEST = 64  # tokens of a text that are scored


class MaskedLM(nn.Module):
    """A masked language model of Transformers; `new` names the head's parameters that its folder did not hold.

    Shape letters: B texts, T tokens, H hidden width, V pieces of the vocabulary, M chosen places.
    """

    def __init__(self, hf: Any, new: frozenset[str], pooling: str) -> None:
        super().__init__()
        self.hf = hf
        self.new = frozenset(f"hf.{name}" for name in new)
        self.pooling = pooling

    @property
    def backbone(self) -> Any:
        """The model without its head."""
        return getattr(self.hf, self.hf.base_model_prefix)

    def forward(self, input_ids: Tensor, mask: Tensor, *, chosen: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (M, V) at the `chosen` (B, T) places: the head, V wide, reads no other."""

        def choose(module: nn.Module, given: Any, out: Any) -> Any:
            out.last_hidden_state = out.last_hidden_state[chosen][None]
            return out

        hook = self.backbone.register_forward_hook(choose)
        try:
            logits: Tensor = self.hf(input_ids=input_ids, attention_mask=mask.long(), **extra).logits
        finally:
            hook.remove()
        return logits[0]


def load_masked(folder: Path, seed: int, *, anew: bool = False) -> MaskedLM:
    """Load a folder with its masked-LM head; where it has none, or `anew`, draw one from `seed`, tied to embeddings.

    Raises ModelError where Transformers has no such class for the architecture, or does not tie the two.
    """
    torch.manual_seed(seed)
    hf, info = load_hf(transformers.AutoModelForMaskedLM, folder, None, {})
    inside = f"{hf.base_model_prefix}."
    refuse_incomplete(folder, frozenset(name for name in info["missing_keys"] if name.startswith(inside)))
    output = hf.get_output_embeddings()
    if output is None or output.weight is not hf.get_input_embeddings().weight:
        raise ModelError(say("model.untied", folder=folder, **METHODS))
    known = {name for name, _ in hf.named_parameters()}
    new = frozenset(info["missing_keys"]) & known
    if anew:
        tied = {name for name, parameter in hf.named_parameters() if parameter is output.weight}
        new = frozenset(name for name in known - tied if not name.startswith(inside))
        _draw(hf, new, seed)
    return MaskedLM(hf, new, own_pooling(folder) or "mean")


def _draw(hf: Any, names: frozenset[str], seed: int) -> None:
    """Give parameters the values that a model of this configuration is drawn with."""
    torch.manual_seed(seed)
    drawn = dict(type(hf)(hf.config).named_parameters())
    with torch.no_grad():
        for name, parameter in hf.named_parameters():
            if name in names:
                parameter.copy_(drawn[name])


def has_masked_head(folder: Path) -> bool:
    """Tell whether the folder was saved with a masked-language-model head."""
    architectures = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    return any(name.endswith("ForMaskedLM") for name in architectures)


def pseudo_perplexity(folder: Path, tokenizer: Tokenizer, texts: list[str]) -> float:
    """Return the pseudo-perplexity of texts under the folder's own head; lower is better known."""
    module, _ = load_hf(transformers.AutoModelForMaskedLM, folder, None, {})
    module.eval()
    mask_id = int(tokenizer.hf.mask_token_id)
    total, count = 0.0, 0
    for ids in tokenizer.ids(texts):
        inner = range(len(tokenizer.prefix), min(len(ids) - len(tokenizer.suffix), LONGEST))
        if inner:
            total += _surprise(module, ids[: tokenizer.max_tokens], list(inner), mask_id)
            count += len(inner)
    return math.exp(total / max(count, 1))


def _surprise(module: Any, ids: list[int], places: list[int], mask_id: int) -> float:
    """Return the summed negative log-likelihood of the tokens at these places, each masked in a copy of its own."""
    batch = torch.tensor(ids).repeat(len(places), 1)
    rows = torch.arange(len(places))
    gold = batch[rows, places].clone()
    batch[rows, places] = mask_id
    with torch.inference_mode():
        logits = module(input_ids=batch, attention_mask=torch.ones_like(batch)).logits[rows, places]
    return float(torch.nn.functional.cross_entropy(logits, gold, reduction="sum"))
