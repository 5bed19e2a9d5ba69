"""Mark the processes of each test's sandboxes, and see that nothing of them is left."""

import uuid
from pathlib import Path

import pytest
from shut_in import namespaces_refused, processes_of

from dongcha.sandbox import available, watched


@pytest.fixture
def marker(monkeypatch):
    """A word that stands in the command line of every process of this test's sandboxes, and names its files."""
    word = f"marker-{uuid.uuid4().hex}"
    monkeypatch.setattr(watched, "COMMAND", f"{watched.COMMAND}  # {word}")
    return word


@pytest.fixture
def sandboxed(marker):
    """Skip where this system gives no namespaces; afterwards no process, mount or file of a sandbox is left."""
    if not (found := available()):
        if refused := namespaces_refused():
            pytest.skip(f"no namespaces here: {refused}")
        pytest.fail(f"namespaces are here, and yet: {found.why}")
    mounts = Path("/proc/self/mounts").read_bytes()
    yield marker
    assert processes_of(marker) == []
    assert Path("/proc/self/mounts").read_bytes() == mounts
    for folder in ("/", "/tmp", "/dev/shm", Path.home(), Path.cwd()):
        assert not [path for path in Path(folder).iterdir() if marker in path.name]
