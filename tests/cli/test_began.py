"""The command's age is that of its process; called from Python, nothing was spent before."""

import subprocess
import sys
import time

from dongcha.cli import _began

SCRIPT = "import time; time.sleep(1); from dongcha.cli import _began as b; b.command_begins(); print(b.spent())"


def test_what_came_before_the_import_counts():
    began = time.monotonic()
    found = float(subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout)
    assert 1.0 <= found <= time.monotonic() - began + 0.02


def test_where_the_system_does_not_tell_the_import_counts(monkeypatch):
    known = time.monotonic() - _began.IMPORTED
    for broken in ("STARTED", "MOST_BEFORE_IMPORT"):
        with monkeypatch.context() as patch:
            patch.setattr(_began, broken, {"STARTED": 999, "MOST_BEFORE_IMPORT": -1e9}[broken])
            assert known <= _began.process_age() < known + 5


def test_a_call_from_python_is_no_command():
    assert _began.spent() == 0.0
