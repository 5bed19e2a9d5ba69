"""Share what all tests need: fixed threads, no network beyond loopback, the folder of real data sets."""

import os
import socket
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["DONGCHA_LANG"] = "en"

_connect = socket.socket.connect


def _loopback_only(self, address):
    host = address[0] if isinstance(address, tuple) else ""
    if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"tests have no network: {host} refused")
    return _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def no_network():
    socket.socket.connect = _loopback_only
    yield
    socket.socket.connect = _connect


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets (DONGCHA_DATA, else ../shared/data beside the checkout)."""
    folder = Path(os.environ.get("DONGCHA_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data sets here: set DONGCHA_DATA")
    return folder
