"""Judge untrusted programs, one or several at once, each in a sandbox of its own.

Programs and Limits -> Outcomes. MachineError where the system gives no sandbox: nothing is ever run without one.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from dongcha.errors import MachineError
from dongcha.locale import say
from dongcha.sandbox._base import Limits, Outcome, Program
from dongcha.sandbox.probe import refuse_without
from dongcha.sandbox.watched import NotEnclosed, watched
from dongcha.types import Watch, silent

USUAL = Limits()


def run(program: Program, limits: Limits = USUAL) -> Outcome:
    """Run a program with its test and say whether it passed."""
    return _judged(program, limits, threading.Event())


def run_all(
    programs: Sequence[Program], limits: Limits = USUAL, workers: int = 1, *, watch: Watch = silent
) -> list[Outcome]:
    """Run programs, at most `workers` at once, and return their outcomes in the order they came.

    Watch is told `judged` with `done` and `total`. Interrupted, or refused by the system on the way, it ends all that
    are running and raises.
    """
    stop = threading.Event()
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="sandbox") as pool:
        futures = [pool.submit(_judged, program, limits, stop) for program in programs]
        try:
            for future in futures:
                outcomes.append(future.result())
                watch("judged", done=len(outcomes), total=len(futures))
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return outcomes


def _judged(program: Program, limits: Limits, stop: threading.Event) -> Outcome:
    refuse_without()
    try:
        return watched(program, limits, stop)
    except NotEnclosed as error:
        raise MachineError(say("sandbox.none", why=error)) from error
