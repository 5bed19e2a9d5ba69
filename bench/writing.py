"""Measure how quickly a model writes: sixteen prompts in a batch beside one by one, on the same cores.

    python -m bench.writing --gemma FOLDER [--rounds 5] [--threads N]

The prompts are those of real rows; both ways write the same tokens, greedily, with a key-value cache, in turns; tokens
a second are those written, the median over rounds. docs/results/writing.json and its page are made from one run. It
takes 2 to 6 minutes.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from bench._machine import machine
from bench.generators import first_rows
from bench.quality import DATA
from dongcha import files
from dongcha.config.sections import Decoding
from dongcha.data.features import Features, gather
from dongcha.models.heads._base import HeadSpec
from dongcha.models.model import Model, build_model
from dongcha.models.writing import write
from dongcha.tasks._base import Lengths
from dongcha.tasks.translation import Task

FOUND = Path("docs/results/writing.json")
BATCH, TOKENS = 16, 48
GATE = 3.0  # times as many tokens a second in a batch


def prompts_of(model: Model, rows: list[dict[str, Any]]) -> Features:
    """Return the prompts of rows as features."""
    task = Task(prompt="English: {source}\nGerman:", lengths=Lengths(max_tokens=256))
    return gather([task.encode({"source": [row["source"] for row in rows]}, model.tokenizer, 0)])


def timed(way: Callable[[], list[np.ndarray]]) -> tuple[float, list[np.ndarray]]:
    """Return tokens a second of a way to write, and what it wrote."""
    started = time.perf_counter()
    written = way()
    return sum(map(len, written)) / (time.perf_counter() - started), written


def measure(folder: Path, rounds: int, threads: int) -> dict[str, Any]:
    """Write the same prompts both ways, in turns; return tokens a second of each round and whether texts agree."""
    torch.set_num_threads(threads)
    spec = HeadSpec(name="writer", num_outputs=1, loss="next_token")
    model = build_model(folder, spec, max_tokens=None, seed=0, card={})
    prompts = prompts_of(model, first_rows(DATA / "multi30k_translation_en_de" / "test.jsonl", BATCH))
    decoding = Decoding(max_new_tokens=TOKENS)
    singles = [prompts.take(np.array([i])) for i in range(len(prompts))]
    ways: dict[str, Callable[[], list[np.ndarray]]] = {
        "batch": lambda: write(model, prompts, decoding),
        "one by one": lambda: [write(model, one, decoding)[0] for one in singles],
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    same = 0
    for _ in range(rounds):
        found = {name: timed(way) for name, way in ways.items()}
        for name, (speed, _) in found.items():
            spent[name].append(round(speed, 2))
        same = sum(map(np.array_equal, found["batch"][1], found["one by one"][1]))
        print(spent, flush=True)
    gain = median(a / b for a, b in zip(spent["batch"], spent["one by one"], strict=True))
    told = {"batch": BATCH, "tokens": TOKENS, "tokens_a_second": spent, "gain": round(gain, 2), "same_texts": same}
    return told | {"machine": machine(threads)}


def page(found: dict[str, Any]) -> str:
    """Return the page, in English and Chinese."""
    batch, alone = (median(found["tokens_a_second"][name]) for name in ("batch", "one by one"))
    met = "met / 达到" if found["gain"] >= GATE else "**missed / 未达到**"
    size, about = found["batch"], found["machine"]
    return (
        "# How quickly a model writes / 生成速度\n\n"
        f"Made by `make bench SET=writing`: gemma-3-270m trimmed, {size} prompts, up to {found['tokens']} tokens each, "
        f"greedy; {about['cpu']}, {about['threads']} threads.\n"
        f"由 `make bench SET=writing` 生成：裁剪后的 gemma-3-270m，{size} 条提示，每条最多 {found['tokens']} 个词元，"
        f"贪心；{about['cpu']}，{about['threads']} 线程。\n\n"
        "| | tokens/s / 每秒词元 |\n| --- | ---: |\n"
        f"| one by one / 逐条 | {alone:.1f} |\n| batch of {size} / 每批 {size} 条 | {batch:.1f} |\n\n"
        f"Batch over one by one / 批量与逐条之比: {found['gain']:.2f} (bar / 要求 ≥ {GATE:.0f}: {met}); "
        f"{found['same_texts']} of {size} texts are the same to the last token / 条文本逐词元相同。\n"
    )


def main() -> None:
    """Measure, write figures and page."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gemma", type=Path, required=True, help="folder of gemma-3-270m, trimmed")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=2)
    chosen = arguments.parse_args()
    found = measure(chosen.gemma, chosen.rounds, chosen.threads)
    files.write_json(FOUND, found)
    files.write_text(FOUND.with_suffix(".md"), page(found))


if __name__ == "__main__":
    main()
