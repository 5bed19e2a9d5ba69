"""Time inference from texts to spans: our public path beside the pipeline of Transformers, on one and the same model.

In: a folder with a trained model, texts. Out: wall seconds by way, a figure a round; every way is warmed up first.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

import dongcha
from bench._rounds import in_turns

BATCH = 32
WARM_TEXTS = 64
STRATEGIES = ("none", "simple")

Way = Callable[[list[str]], Any]


def ways_of(folder: Path) -> dict[str, Way]:
    """Load the model once for each way to use it."""
    predictor = dongcha.load(folder)
    ways: dict[str, Way] = {"ours": lambda texts: list(predictor.predict(texts))}
    for strategy in STRATEGIES:
        ways[f"pipeline_{strategy}"] = piped(folder, strategy)
    return ways


def piped(folder: Path, strategy: str) -> Way:
    """Return the pipeline at a batch size of 32, on the CPU and in fp32 as we are."""
    run = pipeline(
        "token-classification",
        model=AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32, local_files_only=True),
        tokenizer=AutoTokenizer.from_pretrained(folder, local_files_only=True),
        aggregation_strategy=strategy,
        device=-1,
    )
    return lambda texts: run(texts, batch_size=BATCH)


def measure_inference(folder: Path, texts: list[str], rounds: int) -> dict[str, Any]:
    """Return seconds by way and round, and how many texts those were."""
    ways = ways_of(folder)
    for way in ways.values():
        way(texts[:WARM_TEXTS])
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn, name in in_turns(ways, rounds):
        started = time.perf_counter()
        ways[name](texts)
        found[name].append(time.perf_counter() - started)
        print(f"{turn} {name} {found[name][-1]:.1f} s", flush=True)
    return {"seconds": found, "texts": len(texts)}
