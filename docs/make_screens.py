"""Run the demo and put its screen into the two READMEs: `python docs/make_screens.py`. The machine should be quiet.

What a run tells on stderr comes first, as it stands where there is no terminal, then the last screen of its report.
The demo's packages must be installed (`pip install '.[demo,demo-zh]'`); no network is used.
"""

import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from blocks import ROOT, filled

from dongcha.report import read_report, screen_lines

READMES = {"README.md": "en", "README.zh.md": "zh"}
VERB = "from dongcha.cli import main; main()"
BAR = re.compile(r"\d+%\|")  # a progress bar of the libraries below us, which a terminal would have overwritten


def demo(language: str, workspace: Path) -> str:
    """Run the demo in a fresh folder and return its screen as a fenced block."""
    command = [sys.executable, "-c", VERB, "demo", "--in", language, "--fresh"]
    environment = {**os.environ, "DONGCHA_LANG": language, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
    reports = sorted(workspace.glob("runs/*/*/report.json"))
    if done.returncode or len(reports) != 1:
        sys.exit(done.stderr)
    told = [line.rstrip() for line in done.stderr.splitlines() if not BAR.search(line)]
    lines = [f"$ dongcha demo --in {language}", *told, "", *screen_lines(read_report(reports[0].parent))]
    return "\n".join(["```text", *lines, "```"])


def main() -> None:
    """Fill the block `screen:demo` of both READMEs from one run each."""
    for name, language in READMES.items():
        with tempfile.TemporaryDirectory() as workspace:
            block = demo(language, Path(workspace))
        path = ROOT / name
        text = filled(path.read_text(encoding="utf-8"), "screen", {"demo": partial(str, block)})
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
