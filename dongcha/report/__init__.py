"""Report -> report.html, report.json, README.md (model card) and the last screen of a run, in Chinese or English."""

from dongcha.report.as_screen import screen, screen_lines
from dongcha.report.write import read_report, write_report

__all__ = ["read_report", "screen", "screen_lines", "write_report"]
