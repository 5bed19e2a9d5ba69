"""Read the train split of a data set on a hub: `hf:NAME[:SPLIT]` or `modelscope:NAME[:SPLIT]`.

The hubs' own libraries fetch and keep it; class labels come as their names. HF_ENDPOINT sends `hf:` to a mirror.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from dongcha.data.origin import Origin
from dongcha.data.sources.base import batches, characters
from dongcha.errors import MissingExtra
from dongcha.locale import say

HUGGING_FACE = "hf:"
MODELSCOPE = "modelscope:"


def read_hugging_face(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Hugging Face data set; raises MissingExtra without `datasets`."""
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra(say("read.extra_hub", place=origin.name, library="datasets", extra="hub")) from error
    name, split = _parts(origin.name.removeprefix(HUGGING_FACE))
    try:
        rows = datasets.load_dataset(name, split=split)
    except Exception as error:  # the hub's library raises what its transports raise
        origin.refuse("read.hub", reason=str(error).splitlines()[0][:160] if str(error) else type(error).__name__)
    yield from _batches(rows, origin)


def read_modelscope(origin: Origin) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a ModelScope data set; raises MissingExtra without `modelscope`."""
    try:
        from modelscope.msdatasets import MsDataset
    except ImportError as error:
        raise MissingExtra(
            say("read.extra_hub", place=origin.name, library="modelscope", extra="modelscope")
        ) from error
    name, split = _parts(origin.name.removeprefix(MODELSCOPE))
    try:
        rows = MsDataset.load(name, split=split)
    except Exception as error:
        origin.refuse("read.hub", reason=str(error).splitlines()[0][:160] if str(error) else type(error).__name__)
    yield from _batches(rows, origin)


def _parts(name: str) -> tuple[str, str]:
    name, _, split = name.partition(":")
    return name, split or "train"


def _batches(rows: Any, origin: Origin) -> Iterator[pa.RecordBatch]:
    features = getattr(rows, "features", None) or {}
    classes = {name: kind.names for name, kind in features.items() if hasattr(kind, "names")}

    def named(row: dict[str, Any]) -> dict[str, Any]:
        found = {name: names[row[name]] for name, names in classes.items() if row[name] is not None and row[name] >= 0}
        return {**row, **found}

    named_rows = (named(dict(row)) for row in rows)
    yield from batches(((i, row, characters(row)) for i, row in enumerate(named_rows, 1)), origin)
