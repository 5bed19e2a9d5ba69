"""Ask a masked language model how well it knows a text: pseudo-perplexity.

Each token is masked in turn and predicted from all others (Salazar et al. 2020, Masked Language Model Scoring,
equations 1 and 2): exp of the mean negative log-likelihood over all tokens of all texts. Cost: one forward pass a
token, batched by text. Only where the model's folder holds such a head.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch
import transformers

from dongcha.models.heads._base import load_hf
from dongcha.models.tokenizer import Tokenizer

LONGEST = 64  # tokens of a text that are scored


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
