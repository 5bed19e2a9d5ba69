"""Proofs of a run, one file each: they compute again what the run claims, and say passed or failed."""

from dongcha.checks._base import SAMPLE, Evidence, run_checks

__all__ = ["SAMPLE", "Evidence", "run_checks"]
