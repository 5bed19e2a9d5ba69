"""Predictions of test rows -> figures with intervals, paired tests, flips, slices, calibration."""

from dongcha.evaluate.evaluate import Candidate, Evaluation, compared, evaluate

__all__ = ["Candidate", "Evaluation", "compared", "evaluate"]
