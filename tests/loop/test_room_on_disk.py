"""A training whose checkpoints do not fit is refused before its first step."""

import shutil
from types import SimpleNamespace

import pytest
import torch

from dongcha.errors import MachineError
from dongcha.loop.checkpoint import save_checkpoint
from dongcha.loop.room_on_disk import checkpoint_bytes, refuse_full_disk
from dongcha.loop.state import State, copy_weights


@pytest.fixture
def module():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Linear(64, 8))


def disk(monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))


def test_the_estimate_is_what_a_checkpoint_takes(tmp_path, module):
    optimizer = torch.optim.AdamW(module.parameters())
    module(torch.ones(1, 64)).sum().backward()
    optimizer.step()
    written = save_checkpoint(tmp_path, module, optimizer, State(step=1), copy_weights(module))
    size = sum(path.stat().st_size for path in written.glob("*.safetensors"))
    assert checkpoint_bytes(module, module.parameters()) == pytest.approx(size, rel=0.1)
    assert checkpoint_bytes(module, module[1].parameters()) < checkpoint_bytes(module, module.parameters())


@pytest.mark.parametrize(("share", "fits"), [(2.21, True), (2.19, False), (0, False)])
def test_less_than_two_and_a_fifth_checkpoints_are_refused(tmp_path, module, monkeypatch, share, fits):
    size = checkpoint_bytes(module, module.parameters())
    disk(monkeypatch, int(share * size))
    if fits:
        refuse_full_disk(tmp_path / "not" / "yet", module, module.parameters())
        return
    with pytest.raises(MachineError) as refused:
        refuse_full_disk(tmp_path / "not" / "yet", module, module.parameters())
    assert refused.value.exit_code == 4
    for said in (str(tmp_path / "not" / "yet"), f"{int(2.2 * size):,} bytes needed", "free", "--workspace"):
        assert said in str(refused.value)


def test_a_checkpoint_that_stands_takes_no_more_room(tmp_path, module, monkeypatch):
    size = checkpoint_bytes(module, module.parameters())
    (tmp_path / "step-00000001").mkdir()
    (tmp_path / "step-00000001" / "last.safetensors").write_bytes(bytes(size))
    disk(monkeypatch, int(1.3 * size))
    refuse_full_disk(tmp_path, module, module.parameters())
    disk(monkeypatch, int(1.1 * size))
    with pytest.raises(MachineError):
        refuse_full_disk(tmp_path, module, module.parameters())
