"""Run the jobs of a bench that has no figures yet, keep each one's figures in a file, and make the page of them all.

In: jobs by name, what measures one, what writes the page. Out: docs/results/BENCH/JOB.json a job, and BENCH.md beside.
A job whose file stands is not run again; one that was stopped goes on in its folder (`_kept.py`).
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from dongcha import files

MODELS = {"e5": "multilingual-e5-small, trimmed", "gemma": "gemma-3-270m, trimmed"}  # whose folders are given
Job = TypeVar("Job")
Run = Mapping[str, Any]


@dataclass(frozen=True)
class Bench(Generic[Job]):
    """Jobs by the names of their files, and what is done with them.

    `model_of` returns a key of MODELS, or else where the job's model is found; `measure` takes a job, its model and the
    threads, and returns its figures; `page` makes the page of the jobs that are over; `home` is its path without `.md`.
    """

    jobs: Mapping[str, Job]
    model_of: Callable[[Job], str]
    measure: Callable[[Job, str, int | str], dict[str, Any]]
    page: Callable[[Sequence[tuple[Job, Run]]], str]
    home: Path

    def main(self, description: str | None) -> None:
        """Read the command's options; run what is missing, and write the page after each."""
        arguments = argparse.ArgumentParser(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        needed = sorted({*map(self.model_of, self.jobs.values())} & MODELS.keys())
        for name in needed:
            arguments.add_argument(f"--{name}", type=Path, default=None, help=f"folder of {MODELS[name]}")
        arguments.add_argument("--only", nargs="*", choices=[*self.jobs], default=[*self.jobs])
        arguments.add_argument("--threads", type=int, default=None)
        chosen = arguments.parse_args()
        folders = {name: getattr(chosen, name) for name in needed}
        for name in chosen.only:
            self.ran(name, folders, chosen.threads or "auto")
        self.write()

    def ran(self, name: str, folders: Mapping[str, Path | None], threads: int | str) -> None:
        """Run a job that is not over yet, if its model is at hand."""
        job, path = self.jobs[name], self.home / f"{name}.json"
        if path.is_file():
            return
        model = self.model_of(job)
        if model in folders:
            given = folders[model]
            if given is None:
                print(f"left out, for want of the folder of {MODELS[model]}: {name}", flush=True)
                return
            model = str(given.absolute())
        found = self.measure(job, model, threads)
        self.home.mkdir(parents=True, exist_ok=True)
        files.write_json(path, {"name": name, **found})
        print(name, f"{found['clock']['seconds']:.0f} s", flush=True)
        self.write()

    def write(self) -> None:
        """Write the page of the jobs that are over; nothing while there is none."""
        paths = {name: self.home / f"{name}.json" for name in self.jobs}
        over = [(self.jobs[name], files.read_json(path)) for name, path in paths.items() if path.is_file()]
        if over:
            files.write_text(self.home.with_suffix(".md"), self.page(over))
