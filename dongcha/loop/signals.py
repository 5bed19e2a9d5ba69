"""Turn Ctrl-C and SIGTERM into a flag that the loop reads between steps, so that it can save first."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopFlag:
    """Raised once by the first signal; `signal` is its number, or None while nobody asked to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None


@contextmanager
def stop_flag() -> Iterator[StopFlag]:
    """Catch the first Ctrl-C or SIGTERM in a flag; a second one acts as if nobody caught it.

    Outside the main thread no signal can be caught: the flag stays down.
    """
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def put_back() -> None:
        for number, action in before.items():
            signal.signal(number, action)

    def note(number: int, _frame: FrameType | None) -> None:
        flag.signal = number
        put_back()

    for number in before:
        signal.signal(number, note)
    try:
        yield flag
    finally:
        put_back()
