"""Make a head's linear layer from texts that describe its outputs: nothing is trained, no label of a row is read.

In: a model, the texts of each output, rows without labels. Out: the layer. Its rows are unit vectors: an output's
texts are embedded as rows are (the model's own pooling, else the mean), brought to length 1, averaged, and brought to
length 1 again, so that an output's value is SCALE times the cosine of row and description, up to the row's length.

Calibration without labels: each output's mean over the rows is taken off, so that a description that is near to
everything does not win everywhere (the mean over rows instead of one empty text: Zhao et al. 2021, "Calibrate Before
Use"; Zhou et al. 2023, "Batch Calibration", equation 3). It assumes that the labels are about equally frequent in those
rows: where one label holds most of them, it takes rows from it.
"""

from collections.abc import Sequence

import numpy as np

from dongcha.models.model import Model
from dongcha.models.probe import Probe, scaled
from dongcha.models.vectors import unit_vectors

SCALE = 20.0  # of a cosine, as sentence encoders are trained (Reimers & Gurevych's losses); validation rows correct it


def directions(model: Model, texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Return one unit vector (C, H) for each output from its texts, each of which counts alike."""
    flat = [text for own in texts for text in own]
    vectors = unit_vectors(model, flat)
    ends = np.cumsum([len(own) for own in texts])
    means = np.stack([part.mean(axis=0) for part in np.split(vectors, ends[:-1])])
    return scaled(means, unit=True)


def described_layer(directions_CH: np.ndarray, vectors_NH: np.ndarray, *, calibrate: bool) -> Probe:
    """Return the layer of unit `directions_CH`, sized and, if asked, calibrated on unlabelled vectors (N, H)."""
    size = float(np.linalg.norm(vectors_NH, axis=1).mean()) if len(vectors_NH) else 1.0
    weight = np.asarray(directions_CH, dtype=np.float64) * (SCALE / max(size, 1e-9))
    bias = -(vectors_NH @ weight.T).mean(axis=0) if calibrate and len(vectors_NH) else np.zeros(len(weight))
    return Probe(weight, bias)
