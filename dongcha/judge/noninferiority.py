"""Tell whether a cheaper model gives up less than a margin: the gate of compressing and of promoting.

In: a metric, two models' outcomes on the same rows, a margin in the metric's own unit. Out: `NonInferiority`.
"""

from dataclasses import dataclass

from dongcha.judge.intervals import as_seeds
from dongcha.judge.paired import Outcomes, paired_bootstrap
from dongcha.metrics import Metric
from dongcha.types import Interval


@dataclass(frozen=True)
class NonInferiority:
    """`gain` is after minus before, more is better whatever the metric; `passed`: its lower end is above -margin."""

    gain: Interval
    margin: float
    passed: bool


def noninferior(metric: Metric, before: Outcomes, after: Outcomes, margin: float, seed: int) -> NonInferiority:
    """Test with the paired 95 % interval that `after` is not worse than `before` by the margin or more.

    The lower end of a two-sided 95 % interval makes a one-sided test at 2.5 % (ICH E9, section 3.5). An undefined
    difference (NaN) does not pass.
    """
    assert margin >= 0, "a margin is how much may be given up: 0 or more"
    difference, _ = paired_bootstrap(metric, as_seeds(before), as_seeds(after), seed)
    gain = difference if metric.greater_is_better else _mirrored(difference)
    return NonInferiority(gain, margin, bool(gain.low > -margin))


def _mirrored(difference: Interval) -> Interval:
    return Interval(-difference.value, -difference.high, -difference.low)
