"""Adapted model + features -> the model at its best on validation rows."""

from dongcha.train.train import Trained, train

__all__ = ["Trained", "train"]
