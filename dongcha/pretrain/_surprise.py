"""Measure how surprised a language model is by texts: the loss of the tokens asked for, the same ones each time.

In: a module with a language model's head, blocks of text. Out: an Outcome with a row a text. Of general text it tells
what pretraining on other text forgot; of text like the corpus, held out, whether it was learnt: then it is the eyes of
a pretraining that has no task to ask. A new head must have been trained alone before, or the first figure says nothing.
"""

from dataclasses import dataclass

import numpy as np
import torch

from dongcha.data.features import Features
from dongcha.data.plan import plan_inference
from dongcha.judge.paired import compare
from dongcha.loop import Validation
from dongcha.metrics import Metric, Outcome
from dongcha.metrics.masked import metrics
from dongcha.models.model import INFERENCE_TOKENS
from dongcha.pretrain._base import Asks
from dongcha.types import Verdict

DRAWS = 4  # masks that each text is read under
LOSS = metrics()["masked_loss"]


@dataclass(frozen=True)
class General:
    """Texts as blocks, what is asked of them, and the seed of what is drawn, `draws` times.

    `num_texts` of them, some without a block maybe; `metric` is the mean loss of a token asked for, in nats.
    """

    features: Features
    objective: Asks
    pad_id: int
    seed: int
    num_texts: int = 0
    metric: Metric = LOSS
    draws: int = DRAWS

    def outcome(self, module: torch.nn.Module) -> Outcome:
        """Ask for the tokens of all texts; torch's generator is left as it was."""
        random, training = torch.get_rng_state(), module.training
        device, most = next(module.parameters()).device, getattr(module, "inference_tokens", INFERENCE_TOKENS)
        module.eval()
        sums, counts = (np.zeros(len(self.features)) for _ in range(2))
        try:
            torch.manual_seed(self.seed)
            with torch.inference_mode():
                for indices in plan_inference(self.features.lengths, min(most, INFERENCE_TOKENS)) * self.draws:
                    batch = self.features.batch(indices, self.pad_id)
                    tensors = {name: torch.from_numpy(column).to(device) for name, column in batch.items()}
                    loss_B, count_B = self.objective.by_text(module, tensors)
                    sums[indices] += loss_B.double().cpu().numpy()
                    counts[indices] += count_B.cpu().numpy()
        finally:
            module.train(training)
            torch.set_rng_state(random)
        row = self.features.units["row"]
        return Outcome(*(np.bincount(row, weights=side, minlength=self.num_texts) for side in (counts, sums)))

    def score(self, outcome: Outcome) -> Validation:
        """Return minus the loss: greater is better."""
        loss = float(self.metric.figure(outcome))
        return Validation(-loss, loss)

    def compare(self, before: Outcome, after: Outcome) -> Verdict:
        """Test two models on the same texts, asked for the same tokens."""
        return compare(self.metric, before, after, self.seed)
