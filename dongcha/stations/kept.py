"""Keep what proving a run found, so that a run that goes on does not compute it again.

In: a step's value and its folder. Out: the value again. Probabilities are JSON, layers safetensors; the trained model
itself is the run's own `model/`.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

from safetensors.numpy import load_file, save_file

from dongcha import files
from dongcha.loop import Fitted
from dongcha.models.model import load_model
from dongcha.models.probe import Probe, Probes
from dongcha.stations.prepare import judged_here
from dongcha.stations.pretrain import MODEL
from dongcha.stations.prove import PROBE, Before, TrainedRun
from dongcha.steps import Kept, Work
from dongcha.tasks._model import saved_task
from dongcha.types import Prediction


def _write_predictions(path: Path, predictions: list[Prediction]) -> None:
    lines = (json.dumps(asdict(p), ensure_ascii=False) for p in predictions)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_predictions(path: Path) -> list[Prediction]:
    found = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return [Prediction(**value | {"probabilities": tuple(value["probabilities"])}) for value in found]


def _write_before(value: Before | None, folder: Path) -> None:
    if value is None:
        return
    if value.probed is not None:
        (folder / PROBE).mkdir()
        _write_before(value.probed, folder / PROBE)
    layers = value.probe.parts
    tensors = {f"{i}.{name}": getattr(layer, name) for i, layer in enumerate(layers) for name in ("weight", "bias")}
    save_file(tensors, folder / "probe.safetensors")
    unit = [layer.unit for layer in layers]
    for name, predictions in value.predictions.items():
        _write_predictions(folder / f"{name}.jsonl", predictions)
    files.write_json(folder / "before.json", {"seconds": value.seconds, "tests": list(value.predictions), "unit": unit})


def _read_before(folder: Path, work: Work) -> Before | None:
    if not (folder / "before.json").is_file():
        return None
    facts, probe = files.read_json(folder / "before.json"), load_file(folder / "probe.safetensors")
    found = {name: _read_predictions(folder / f"{name}.jsonl") for name in facts["tests"]}
    layers = tuple(Probe(probe[f"{i}.weight"], probe[f"{i}.bias"], unit) for i, unit in enumerate(facts["unit"]))
    probed = _read_before(folder / PROBE, work) if (folder / PROBE).is_dir() else None
    return Before(layers[0] if len(layers) == 1 else Probes(layers), found, facts["seconds"], probed)


def _write_baselines(value: dict[str, tuple[list[Prediction], float]], folder: Path) -> None:
    files.write_json(folder / "baselines.json", {name: seconds for name, (_, seconds) in value.items()})
    for name, (predictions, _) in value.items():
        _write_predictions(folder / f"{name}.jsonl", predictions)


def _read_baselines(folder: Path, work: Work) -> dict[str, tuple[list[Prediction], float]]:
    seconds = files.read_json(folder / "baselines.json")
    return {name: (_read_predictions(folder / f"{name}.jsonl"), spent) for name, spent in seconds.items()}


def _write_trained(value: TrainedRun, folder: Path) -> None:
    more = {"rescored": value.rescored, "megabytes": value.megabytes}
    files.write_json(folder / "trained.json", value.fitted.to_json() | more)


def _read_trained(folder: Path, work: Work) -> TrainedRun:
    facts = files.read_json(folder / "trained.json")
    model = replace(load_model(work.folder / MODEL), room=work["model"].room)
    work["placement"].module(model.module)
    fitted = Fitted.from_json(facts)
    task = judged_here(work, saved_task(model, work.folder / MODEL))
    return TrainedRun(model, task, fitted, facts["rescored"], facts["megabytes"])


KEPT_BEFORE = Kept(_write_before, _read_before)
KEPT_PREDICTIONS = Kept(_write_baselines, _read_baselines)
KEPT_TRAINED = Kept(_write_trained, _read_trained)
