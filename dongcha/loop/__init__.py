"""Train any module on any objective: one loop of named moments; knows no task.

In: a module, an objective, features, a way to validate, settings. Out: the module at its best, and what happened.
"""

from dongcha.loop.fit import Fitted, Objective, Validation, fit
from dongcha.loop.settings import LoopSettings

__all__ = ["Fitted", "LoopSettings", "Objective", "Validation", "fit"]
