"""Measure the demo's job over five draws of its few labels, and changes to it judged on validation rows alone.

    python -m bench.draws [--draws 5] [--out docs/results/draws.json]

Each draw is a seed: other training, validation and test rows, another head. The recipe is the demo's own, all `auto`.
A change is kept only for what it does on validation; the test rows are looked at for the recipe as it is.
"""

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import dongcha
from dongcha import files
from dongcha.cli.demo import english
from dongcha.config import Recipe
from dongcha.judge.seeds import mean_interval

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "label smoothing 0.1": {"train.label_smoothing": 0.1},
    "head started from the linear probe, rate 1e-3": {"train.head_start": "probe", "train.head_learning_rate": 1e-3},
    "no dropout": {"train.dropout": 0.0},
    "no early end": {"train.early_stopping": None},
}


def measure(seed: int, change: dict[str, Any]) -> dict[str, float]:
    """Run one draw of one change; return validation and test accuracy, frozen and fine-tuned, and seconds."""
    started = time.monotonic()
    recipe = Recipe(**english(Path()), task="classification", language="en", seed=seed)
    with TemporaryDirectory() as folder:
        work = dongcha.run(recipe.replace(change) if change else recipe, workspace=Path(folder), until="after")
        test = work["splits"].by_name["test"].column("label")
        found = {"before": work["before"].predictions["test"], "after": work["after"]["test"]}
        found["tfidf_linear"] = work["baselines"]["tfidf_linear"][0]
        scores = {name: accuracy(predictions, test) for name, predictions in found.items()}
        return scores | {"validation": work["train"].rescored, "seconds": time.monotonic() - started}


def accuracy(predictions: list[Any], gold: list[str]) -> float:
    """Return the share of predictions that are right."""
    return float(np.mean([p.target["label"] == label for p, label in zip(predictions, gold, strict=True)]))


def summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Return means with 95 % t-intervals over the draws, and each change's paired difference on validation."""
    base = runs["as it is"]
    lines = {name: interval([run[name] for run in base]) for name in ("tfidf_linear", "before", "after")}
    changes = {
        name: interval([run["validation"] - other["validation"] for run, other in zip(found, base, strict=True)])
        for name, found in runs.items()
        if name != "as it is"
    }
    return {"test_accuracy": lines, "validation_difference": changes, "draws": len(base)}


def interval(values: list[float]) -> list[float]:
    """Return [mean, low, high]."""
    found = mean_interval(values)
    return [found.value, found.low, found.high]


def as_markdown(found: dict[str, Any]) -> str:
    """Return the summary as a page, in English and Chinese."""
    names = {"tfidf_linear": "TF-IDF + linear", "before": "before (frozen)", "after": "after (fine-tuned)"}
    lines = [
        "# Five draws of the demo's few labels / 演示任务的五次抽样",
        "",
        f"Made by `make bench SET=draws` from {found['draws']} seeds; the figures are in [draws.json](draws.json).",
        f"由 `make bench SET=draws` 按 {found['draws']} 个种子生成；数值见 [draws.json](draws.json)。",
        "",
        "| test accuracy / 测试准确率 | mean / 均值 | 95 % |",
        "| --- | ---: | ---: |",
        *(
            f"| {names[name]} | {m:.3f} | [{lo:.3f}, {hi:.3f}] |"
            for name, (m, lo, hi) in found["test_accuracy"].items()
        ),
        "",
        "Changes that were tried: paired difference in accuracy on validation rows, without a look at test rows.",
        "试过的改动，按验证集准确率的配对差值；未查看任何测试数据。",
        "",
        "| change / 改动 | difference / 差值 | 95 % |",
        "| --- | ---: | ---: |",
        *(f"| {n} | {m:+.3f} | [{lo:+.3f}, {hi:+.3f}] |" for n, (m, lo, hi) in found["validation_difference"].items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run all draws of all changes, interleaved, and write figures after each draw."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--draws", type=int, default=5)
    arguments.add_argument("--out", type=Path, default=Path("docs/results/draws.json"))
    chosen = arguments.parse_args()
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CHANGES}
    for seed in range(chosen.draws):
        for name, change in CHANGES.items():
            runs[name].append(measure(seed, change))
            print(seed, name, runs[name][-1], flush=True)
        if seed:
            files.write_json(chosen.out, summary(runs) | {"runs": runs})
            files.write_text(chosen.out.with_suffix(".md"), as_markdown(summary(runs)))
    print(json.dumps(summary(runs), indent=2))


if __name__ == "__main__":
    main()
