"""Choose what the recipe leaves open (`auto`), by rules that were measured; docs/en/auto.md says on what.

In: the number of training rows, their mean length in tokens, the model's width. Out: numbers, written out
in the resolved recipe. Nothing here looks at validation or test data.
"""

from dataclasses import dataclass

FEW_ROWS = 1000
ROWS_IN_ALL = 12_000
TOKENS_IN_ALL = 1_500_000
TOKENS_TAGGED = 250_000  # at least, where each word has an answer
MOST_PASSES, MOST_TAGGING = 10, 15
ROWS_IN_BATCH = 32
LEAST_GAIN = 1.25  # rounding for less is not worth it: about half of a product's gain is a step's
USUAL_RATES = (1e-5, 1e-4)  # full fine-tuning of pretrained encoders; outside it the run remarks on it


@dataclass(frozen=True)
class Measures:
    """What the rules look at; `tokens` are those of all training rows, 0 where they were not counted."""

    num_rows: int
    mean_tokens: float
    hidden_width: int
    trains_backbone: bool
    by_token: bool
    dropout: float = 0.0  # what the model was pretrained with: no rule changes it
    tokens: int = 0
    in_batch: bool = False  # whether the rows of a batch are one another's wrong answers
    writes: bool = False  # whether an answer is text
    places: bool = False  # whether an answer is two places in a text
    rate_factor: float = 1.0  # of the usual rate, by the way to adapt
    bf16_gain: float = 0.0  # how many times quicker products in bfloat16 were on this machine


def epochs(m: Measures) -> int:
    """Show the model about 12,000 rows in all, or 1.5 million tokens of long ones: at least 3 passes, at most 10.

    Where each word has an answer, about 250,000 tokens at least, in at most 15 passes. Places in long texts are learnt
    late: for them at least 6. A model that writes could do so before: 3.
    """
    if m.writes:
        return 3
    passes = min(ROWS_IN_ALL / m.num_rows, TOKENS_IN_ALL / m.tokens if m.tokens else ROWS_IN_ALL)
    usual = min(MOST_PASSES, max(6 if m.places else 3, round(passes)))
    if m.by_token and m.tokens:
        return max(usual, min(MOST_TAGGING, round(TOKENS_TAGGED / m.tokens)))
    return usual


def learning_rate(m: Measures) -> float:
    """Use 1e-4 for narrow models (width up to 512), half of it with few rows; 3e-5 for wider; ten times for lora."""
    if not m.trains_backbone:
        return 1e-3
    usual = 3e-5 if m.hidden_width > 512 else 5e-5 if m.num_rows < FEW_ROWS else 1e-4
    return float(f"{m.rate_factor * usual:.0e}")


def head_learning_rate(m: Measures) -> float:
    """Let a new head move faster than the backbone: 1e-2 for few rows, where it has few steps, else 1e-3."""
    return 1e-2 if m.num_rows < FEW_ROWS and not m.by_token else 1e-3


def batch_tokens(m: Measures) -> int:
    """Give a step about 16 rows of mean length, 10 when rows are few; 32 where they are one another's negatives."""
    rows = ROWS_IN_BATCH if m.in_batch else 10 if m.num_rows < FEW_ROWS else 16
    return max(16, round(rows * m.mean_tokens))


def head_start(m: Measures) -> str:
    """Draw a new head at random: started from the linear probe it ended no better on validation rows."""
    return "random"


def precision(m: Measures) -> str:
    """Round what products read to bfloat16 where that was measured to be much quicker, else stay in fp32."""
    return quicker(m.bf16_gain) if m.trains_backbone else "fp32"


def quicker(bf16_gain: float) -> str:
    """Return the precision that pays where products in bfloat16 are so many times quicker."""
    return "bf16" if bf16_gain >= LEAST_GAIN else "fp32"
