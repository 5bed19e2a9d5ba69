"""Figures of rows -> how far they can be trusted: intervals, paired tests, margins, power, calibration, seeds."""

from dongcha.judge.intervals import interval
from dongcha.judge.paired import compare, flips

__all__ = ["compare", "flips", "interval"]
