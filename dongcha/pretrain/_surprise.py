"""Measure how surprised a masked language model is by texts: the mean loss of masked tokens, the same ones each time.

In: a module with a masked-LM head, blocks of text. Out: a figure in nats. Of general text it tells what pretraining on
other text forgot; a new head must have been trained alone before, or the first figure says nothing.
"""

from dataclasses import dataclass

import torch

from dongcha.data.features import Features
from dongcha.data.plan import plan_inference
from dongcha.models.masked import MaskedLM
from dongcha.models.model import INFERENCE_TOKENS
from dongcha.objectives.mlm import MaskedObjective

DRAWS = 4  # masks that each text is read under


@dataclass(frozen=True)
class General:
    """Texts as blocks, how they are masked, and from which seed."""

    features: Features
    objective: MaskedObjective
    pad_id: int
    seed: int


def surprise(module: MaskedLM, texts: General) -> float:
    """Return the mean loss of the masked tokens, in nats; torch's generator is left as it was."""
    random, training = torch.get_rng_state(), module.training
    device = next(module.parameters()).device
    module.eval()
    total, count = 0.0, 0
    try:
        torch.manual_seed(texts.seed)
        with torch.inference_mode():
            for indices in plan_inference(texts.features.lengths, INFERENCE_TOKENS) * DRAWS:
                batch = texts.features.batch(indices, texts.pad_id)
                tensors = {name: torch.from_numpy(column).to(device) for name, column in batch.items()}
                loss, tokens = texts.objective.summed(module, tensors)
                total, count = total + float(loss), count + tokens
    finally:
        module.train(training)
        torch.set_rng_state(random)
    return total / max(1, count)
