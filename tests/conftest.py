"""Share what all tests need: fixed threads, no network beyond loopback, the folder of real data sets."""

import os
import socket
import sys
from pathlib import Path

import pytest

from dongcha.locale import use_language

pytest_plugins = ("finished_runs",)  # tiny models and finished runs, shared by all

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


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Compute on one thread: results do not depend on the machine, and tiny models gain nothing from more."""
    if "torch" in sys.modules:  # some test of this session has imported it; the light ones need none
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """Make tiny encoders, each once a session: `tiny_folder(kind="bert", pooling="mean", joins_cjk=False)`."""
    from dongcha.testing import tiny_encoder

    made: dict[tuple, Path] = {}

    def folder(kind: str = "bert", pooling: str | None = "mean", joins_cjk: bool = False) -> Path:
        key = (kind, pooling, joins_cjk)
        if key not in made:
            path = tmp_path_factory.mktemp(f"{kind}-{pooling}")
            made[key] = tiny_encoder(path, kind=kind, pooling=pooling, joins_cjk=joins_cjk)
        return made[key]

    return folder


@pytest.fixture
def runs_programs():
    """Skip, with the reason, where this system gives no sandbox; tests/sandbox fails where it should give one."""
    from dongcha.sandbox import available

    if not (found := available()):
        pytest.skip(f"no sandbox here: {found.why}")


def pytest_runtest_setup():
    """Speak the language of DONGCHA_LANG at the start of each test, whatever the one before it spoke."""
    use_language(None)
