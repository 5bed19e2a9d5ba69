"""Tell where the time of training steps goes: the share of each operation, and of each family of operations.

In: something that trains and tells of each step's end. Out: shares of the wall time between two steps, by name. What
stands in no operation (Python, fetching a batch, the profiler itself) is the rest.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from torch.profiler import ProfilerActivity
from torch.profiler import profile as record

from bench._rows import WARM

STEPS, TOP = 20, 12
PRODUCTS, OTHER, REST = "products", "other", "rest"
FAMILIES = {  # a family by what its operations' names begin with, the namespace left out
    PRODUCTS: ("mm", "addmm", "bmm", "baddbmm", "matmul", "linear", "_linear_pointwise"),
    "attention": ("scaled_dot_product", "_scaled_dot_product", "_softmax", "softmax", "Attend"),
    "dropout": ("native_dropout", "bernoulli", "random_", "uniform_", "dropout"),
    "activations": ("gelu", "relu", "tanh", "native_layer_norm", "layer_norm"),
    "optimiser": ("_fused_adam", "_foreach_add", "_foreach_addc", "Optimizer.step", "sqrt"),
    "norms": ("linalg_vector_norm", "_foreach_norm", "_foreach_mul", "norm"),
    "table": ("embedding", "index", "gather", "scatter", "Lookup"),
    "loss": ("_log_softmax", "log_softmax", "nll_loss", "cross_entropy"),
    "elementwise": ("mul", "add", "sub", "div", "where", "masked_fill", "lt", "ge", "bitwise"),
    "memory": ("copy_", "zero_", "fill_", "empty", "clone", "cat", "stack", "sum", "resize_"),
}


def profile(stretch: Callable[[int, int, Callable[[int], None]], Any]) -> dict[str, dict[str, float]]:
    """Return the shares of the largest `operations` and of all `families`, over some steps after the warm ones."""
    recorder, times = record(activities=[ProfilerActivity.CPU]), []

    def told(step: int) -> None:
        if step == WARM:
            recorder.start()
            times.append(time.perf_counter())
        elif step == WARM + STEPS:
            times.append(time.perf_counter())
            recorder.stop()

    stretch(STEPS, 99, told)
    spent = {event.key: event.self_cpu_time_total / 1e6 for event in recorder.key_averages()}
    return shares(spent, times[1] - times[0])


def shares(spent: Mapping[str, float], seconds: float) -> dict[str, dict[str, float]]:
    """Return what part of `seconds` each operation took, and each family with the rest, largest first."""
    by_size = sorted(spent.items(), key=lambda item: -item[1])
    families = dict.fromkeys((*FAMILIES, OTHER), 0.0)
    for name, value in by_size:
        families[family(name)] += value / seconds
    families[REST] = max(0.0, 1.0 - sum(families.values()))
    return {
        "operations": {name: value / seconds for name, value in by_size[:TOP]},
        "families": dict(sorted(families.items(), key=lambda item: -item[1])),
    }


def family(operation: str) -> str:
    """Return the family whose longest beginning fits an operation's name."""
    short = operation.rpartition("::")[2]
    fits = [(len(start), name) for name, starts in FAMILIES.items() for start in starts if short.startswith(start)]
    return max(fits)[1] if fits else OTHER
