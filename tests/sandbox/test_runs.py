"""Several programs at once; the refusal where there are no sandboxes; ends from outside: Ctrl-C, SIGTERM, SIGKILL."""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import FrozenInstanceError, replace

import pytest
from shut_in import SMALL, gone_within, processes_of

from dongcha.errors import MachineError
from dongcha.locale import use_language
from dongcha.sandbox import Limits, Outcome, Program, available, probe, run, run_all, watched

RUN = sys.modules["dongcha.sandbox.run"]  # the module: the package has a function of its name


# several


@pytest.mark.usefixtures("sandboxed")
def test_outcomes_stand_in_the_order_of_the_programs():
    codes = [
        "import time\ntime.sleep(0.4)\nprint(0)",
        "print(1)\nassert False",
        "print(2)",
        "print(3)\nimport os\nos.abort()",
    ]
    told = []
    outcomes = run_all([Program(code) for code in codes], SMALL, 3, watch=lambda moment, **facts: told.append(facts))
    assert [outcome.status for outcome in outcomes] == ["passed", "failed", "passed", "killed"]
    assert [outcome.output for outcome in outcomes[:3]] == ["0\n", "1\n", "2\n"]
    assert told == [{"done": i, "total": 4} for i in (1, 2, 3, 4)]
    assert run_all([], SMALL, 2) == []


def test_no_more_at_once_than_workers(monkeypatch):
    now, most, guard = [0], [0], threading.Lock()

    def counted(program, limits, stop):
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with guard:
            now[0] -= 1
        return Outcome("passed", 0.0)

    monkeypatch.setattr(probe, "_trouble", lambda: "")
    monkeypatch.setattr(RUN, "watched", counted)
    run_all([Program("")] * 12, SMALL, 3)
    assert most == [3]


@pytest.mark.usefixtures("sandboxed")
def test_an_interruption_ends_those_that_run(marker):
    def interrupts(moment, **facts):
        assert processes_of(marker)
        raise KeyboardInterrupt

    long = Program("import time\ntime.sleep(30)")
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_all(
            [Program("import time\ntime.sleep(0.3)"), long, long, long], replace(SMALL, seconds=30), 2, watch=interrupts
        )
    assert time.monotonic() - began < 15


ALONE = """
import sys
from dongcha.sandbox import Limits, Program, run, watched
watched.COMMAND += "  # " + sys.argv[1]
print("begins", flush=True)
run(Program("import os\\nfor _ in range(3): os.fork()\\nwhile True: __import__('time').sleep(1)"))
"""
ALIVE = 1 + 2 + 8  # this side; the two processes of the sandbox; the program, forked three times


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_us_ends_them(marker, number):
    """Ctrl-C, a polite end and a rude one: whatever becomes of this side, the kernel lets nothing live on."""
    with subprocess.Popen(
        [sys.executable, "-c", ALONE, f"in-{marker}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"begins\n"
        until = time.monotonic() + 20
        while (found := len(processes_of(f"in-{marker}"))) < ALIVE and time.monotonic() < until:
            time.sleep(0.02)
        assert found == ALIVE
        process.send_signal(number)
        process.communicate(timeout=20)
    assert gone_within(f"in-{marker}", 10)


# refused


@pytest.fixture
def no_namespaces(monkeypatch):
    """A system that refuses namespaces, and a sandbox that must not be started."""

    def never(*_):
        raise AssertionError("a program was run without a sandbox")

    monkeypatch.setattr(probe, "_trouble", lambda: "unshare: Operation not permitted")
    monkeypatch.setattr(RUN, "watched", never)


@pytest.mark.usefixtures("no_namespaces")
def test_without_namespaces_nothing_is_run():
    found = available()
    assert not found
    assert found.why.startswith("Generated code runs only in a sandbox")
    assert "(unshare: Operation not permitted)" in found.why
    for judge in (lambda: run(Program("")), lambda: run_all([Program("")] * 3, workers=2)):
        with pytest.raises(MachineError, match="Operation not permitted") as caught:
            judge()
        assert caught.value.exit_code == 4
        assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("no_namespaces")
def test_the_refusal_comes_in_chinese():
    use_language("zh")
    assert available().why.startswith("生成的代码只在由命名空间构成的沙箱中运行")


def test_another_system_is_refused(monkeypatch):
    monkeypatch.setattr(probe.sys, "platform", "darwin")
    assert "this system is darwin" in available().why


def test_a_sandbox_that_cannot_be_made_is_no_verdict(monkeypatch, marker):
    """Whatever fails before the program begins is the machine's fault, never the program's."""
    monkeypatch.setattr(probe, "_trouble", lambda: "")
    monkeypatch.setattr(watched, "COMMAND", "import os; os.write(2, b'planted trouble')")
    with pytest.raises(MachineError, match=r"\(planted trouble\)"):
        run(Program(""))
    monkeypatch.setattr(watched, "COMMAND", "raise SystemExit(7)")
    with pytest.raises(MachineError, match=r"\(exit code 7\)"):
        run_all([Program("")] * 5, workers=2)
    monkeypatch.setattr(watched.sys, "executable", "/no/python")
    with pytest.raises(MachineError, match="No such file"):
        run(Program(""))


def test_a_sandbox_that_does_not_begin_is_given_up(monkeypatch, marker):
    monkeypatch.setattr(probe, "_trouble", lambda: "")
    monkeypatch.setattr(watched, "COMMAND", f"import time; time.sleep(60)  # {marker}")
    monkeypatch.setattr(watched, "START_SECONDS", 0.3)
    with pytest.raises(MachineError):
        run(Program(""))
    assert processes_of(marker) == []


def test_a_probe_that_finds_a_way_out_is_no_sandbox(monkeypatch):
    monkeypatch.setattr(probe, "watched", lambda *_: Outcome("failed", 0.1, "program.py:5: AssertionError: few files"))
    assert probe._trouble.__wrapped__() == "program.py:5: AssertionError: few files"


def test_values_are_frozen():
    for value, name in ((Program(""), "code"), (Limits(), "seconds"), (Outcome("passed", 0.0), "status")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, 1)
