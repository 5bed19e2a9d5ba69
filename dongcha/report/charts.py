"""Draw curves and a reliability plot as SVG elements that live inside the page.

In: points. Out: one `<svg>` element as text, without ids that could clash, without any address, its colours named by
the page's CSS variables so that it follows light, dark and print, its text left as text so that the reader's own
fonts set Chinese. Source of the reliability plot: Guo et al. 2017, "On Calibration of Modern Neural Networks", fig. 1.
"""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dongcha.types import Json

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 360, 216  # CSS pixels at which its text has its own size: the narrowest screen shows it unscaled
_INK, _MUTED, _RULE, _ACCENT, _SOFT = "#010101", "#020202", "#030303", "#040404", "#050505"
_COLOURS = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _RULE: "var(--rule)",
    _ACCENT: "var(--accent)",
    _SOFT: "var(--accent-soft)",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dongcha",
    "text.parse_math": False,
    "font.size": 11,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-4, 5),
    "xtick.color": _RULE,
    "ytick.color": _RULE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "text.color": _INK,
}


def curve(points: Sequence[Sequence[float]], step_name: str) -> str:
    """Draw a value by step; the last point is marked."""
    steps, values = [point[0] for point in points], [point[1] for point in points]

    def draw(axes: "Axes") -> None:
        axes.plot(steps, values, color=_ACCENT, linewidth=1.6, solid_capstyle="round")
        axes.plot(steps[-1:], values[-1:], "o", color=_ACCENT, markersize=4.5)
        axes.set_xlabel(step_name)
        axes.grid(axis="y", color=_RULE, linewidth=0.5)
        axes.margins(x=0.03, y=0.12)

    return _drawn(draw)


def reliability(bins: Sequence[Mapping[str, Json]], confidence_name: str, accuracy_name: str) -> str:
    """Draw accuracy by confidence against the diagonal; the size of a point tells the rows in its bin."""
    filled = [bin_ for bin_ in bins if bin_.get("count")]
    most = max((bin_["count"] for bin_ in filled), default=1)

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=1, linestyle=(0, (3, 3)))
        confidence, accuracy = [b["confidence"] for b in filled], [b["accuracy"] for b in filled]
        axes.vlines(confidence, confidence, accuracy, color=_SOFT, linewidth=3)
        axes.plot(confidence, accuracy, color=_ACCENT, linewidth=1.2)
        axes.scatter(confidence, accuracy, s=[12 + 90 * b["count"] / most for b in filled], color=_ACCENT, zorder=3)
        axes.set(xlim=(-0.02, 1.04), ylim=(-0.02, 1.06), xlabel=confidence_name, ylabel=accuracy_name)
        axes.grid(color=_RULE, linewidth=0.5)

    return _drawn(draw)


def _drawn(draw: Any) -> str:
    """Run a drawing on fresh axes and return it as an element; matplotlib is heavy, so only a drawing imports it."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    buffer = io.StringIO()
    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's font draws it, not ours
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), layout="constrained")
        axes = figure.add_subplot()
        axes.set_axisbelow(True)
        draw(axes)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.tick_params(length=0, pad=5)
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inlined(buffer.getvalue())


def _inlined(document: str) -> str:
    """Cut an SVG document down to an element that can stand in a page beside others of its kind."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r"<svg[^>]*>", f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">', svg, count=1
    )
    prefix = f"c{sha256(svg.encode()).hexdigest()[:8]}-"
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", svg)
    svg = re.sub(r"font: (?:\w+ )*([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for colour, variable in _COLOURS.items():
        svg = svg.replace(colour, variable)
    return svg.strip()
