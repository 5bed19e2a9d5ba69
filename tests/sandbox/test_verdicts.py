"""What becomes of programs that play by the rules or break them: each ends with the verdict that it deserves."""

import pytest
from shut_in import SMALL

from dongcha.sandbox import Program, run, run_all

pytestmark = pytest.mark.usefixtures("sandboxed")

ADD = "def add(a, b):\n    return a + b\n"
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(2, 2) == 4, 'two and two'\n"


def test_a_program_that_passes():
    outcome = run(Program(ADD, CHECK, "add"), SMALL)
    assert (outcome.status, outcome.error, outcome.output) == ("passed", "", "")
    assert 0 < outcome.seconds < SMALL.seconds


def test_an_assertion_that_fails_is_named_with_its_line():
    outcome = run(Program("def add(a, b):\n    return 3\n", CHECK, "add"), SMALL)
    assert (outcome.status, outcome.error) == ("failed", "test.py:3: AssertionError: two and two")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("def add(a, b)\n    return a + b\n", "SyntaxError"),
        ("def add(a, b):\n    return a / 0\n", "program.py:2: ZeroDivisionError: division by zero"),
        ("def sub(a, b):\n    return a - b\n", "check:1: NameError: name 'add' is not defined"),
        ("import numpy", "program.py:1: ModuleNotFoundError: No module named 'numpy'"),
        ("a = '\ud800'", "UnicodeEncodeError"),
        ("a = 1\0", "null bytes"),
        ("class Odd(Exception):\n    def __str__(self):\n        return 1 / 0\nraise Odd", "program.py:4: Odd"),
        ("raise ValueError('x' * 10**6)", "program.py:1: ValueError: xxx"),
        ("raise ValueError('first\\nsecond')", "program.py:1: ValueError: first"),
        ("input()", "program.py:1: EOFError"),
    ],
)
def test_an_error_is_one_short_line(code, error):
    outcome = run(Program(code, CHECK, "add"), SMALL)
    assert outcome.status == "failed"
    assert error in outcome.error
    assert len(outcome.error) <= 400
    assert "\n" not in outcome.error


def test_unicode_goes_in_and_comes_out():
    code = "def 加(甲, 乙):\n    print('和为', 甲 + 乙, '🙂')\n    return 甲 + 乙\n"
    outcome = run(Program(code, CHECK, "加"), SMALL)
    assert (outcome.status, outcome.output) == ("passed", "和为 3 🙂\n和为 4 🙂\n")
    assert run(Program("assert False, '错了'"), SMALL).error == "program.py:1: AssertionError: 错了"


def test_the_standard_library_is_there():
    code = (
        "import asyncio, bz2, ctypes, dataclasses, datetime, hashlib, json, math, random, re, statistics, tempfile\n"
        "import threading, typing, unicodedata\n"
        "with tempfile.NamedTemporaryFile('w+') as file:\n    file.write('a')\n"
        "t = threading.Thread(target=print, args=('hello',)); t.start(); t.join()\n"
        "@dataclasses.dataclass\nclass A:\n    a: int\n"
        "assert __name__ == '__main__' and asyncio.run(asyncio.sleep(0, 7)) == 7\n"
    )
    outcome = run(Program(code), SMALL)
    assert (outcome.status, outcome.error, outcome.output) == ("passed", "", "hello\n")


def test_what_it_prints_is_kept_up_to_a_length():
    outcome = run(Program("import sys\nprint('a' * 5000, flush=True)\nprint('b', file=sys.stderr)"), SMALL)
    assert (outcome.status, outcome.output) == ("passed", "a" * 4096)
    assert run(Program("import os; os.write(2, b'\\xff!')"), SMALL).output == "\ufffd!"


def test_the_same_program_gets_the_same_verdict():
    """The seed of hashes is fixed, so the order of a set is no matter of luck."""
    program = Program("print({chr(97 + i) for i in range(26)}, hash('a'))")
    assert len({run(program, SMALL).output for _ in range(3)}) == 1


# No way to pass but to reach the end of the test.


@pytest.mark.parametrize(
    "leave",
    [
        "import sys; sys.exit(0)",
        "import os; os._exit(0)",
        "raise SystemExit",
        "quit = exit = None; raise KeyboardInterrupt",
        "import os; os.closerange(0, 64); os._exit(0)",
        'import os\nfor i in range(3, 64):\n    try:\n        os.write(i, b\'{"secret": "", "reached": true}\')\n'
        "    except OSError:\n        pass\nos._exit(0)",
        "import os\nif os.fork():\n    os._exit(0)",
        "import atexit, os; atexit.register(os._exit, 0); raise SystemExit(0)",
        "import signal, os; signal.signal(signal.SIGALRM, lambda *_: os._exit(0)); signal.setitimer(0, 0.01)\n"
        "while True: pass",
        "print('passed')\nimport os; os._exit(0)",
    ],
)
def test_leaving_early_is_no_pass(leave):
    """At once, or when the test calls it."""
    late = "def add(a, b):\n" + "".join(f"    {line}\n" for line in leave.splitlines())
    for outcome in run_all([Program(code, CHECK, "add") for code in (leave, late)], SMALL, 2):
        assert outcome.status == "failed"
        assert outcome.error


def test_a_secret_that_is_wrong_is_no_pass():
    code = 'import os\nos.write(%d, b\'{"secret": "00"}\')\nos._exit(0)'
    outcomes = run_all([Program(code % i, CHECK, "add") for i in range(3, 8)], SMALL, 2)
    assert {outcome.status for outcome in outcomes} == {"failed"}


def test_a_report_that_cannot_be_read_is_no_pass():
    code = "import os\nfor i in range(3, 32):\n    try: os.write(i, b'[' * 5000)\n    except OSError: pass"
    assert run(Program(code + "\nos._exit(0)"), SMALL).status == "failed"
    assert run(Program(code), SMALL).status == "failed"


@pytest.mark.parametrize("said", ["{'error': [1]}", "['a']", "{'error': 'a' * 5000}", "{'error': '\\ud800\\nb'}"])
def test_a_report_that_is_made_up_is_short_and_in_letters(said):
    tries = f"for i in range(3, 32):\n    try: os.write(i, json.dumps({said}).encode())\n    except OSError: pass\n"
    outcome = run(Program(f"import json, os\n{tries}os._exit(0)"), SMALL)
    assert outcome.status == "failed"
    assert 0 < len(outcome.error.encode()) <= 400
    assert "\n" not in outcome.error


def test_a_child_cannot_pass_for_its_parent():
    code = "import os\nif os.fork():\n    os.kill(os.getpid(), 9)\n" + ADD
    outcome = run(Program(code, "import time\ntime.sleep(0.2)\n" + CHECK, "add"), SMALL)
    assert (outcome.status, outcome.error) == ("killed", "It was ended by SIGKILL.")
