"""R6: out of memory, the batch is halved and the result stays: see tests/loop/test_memory.py."""

import pytest


@pytest.mark.skip(reason="R6 is built and tested in dongcha/loop/memory.py and tests/loop/test_memory.py")
def test_r06_out_of_memory():
    """Stand for the row, so that no row is without a file."""
