"""Measure the tasks beside classification and tagging on twelve real data sets, three seeds each; no seed is picked.

    python -m bench.tasks [--e5 FOLDER] [--only NAME ...] [--seeds 0 1 2] [--threads N]

Runs are kept and gone on with as `bench.quality` does, and docs/results.md is made from both benches' runs. All 36
take 6 to 10 hours on 2 cores, by estimate; the page says how long they took.
"""

from bench import quality
from bench._jobs import TASKS

if __name__ == "__main__":
    quality.main(TASKS, __doc__)
