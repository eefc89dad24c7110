"""Rows into figures, without a browser; and the marks all states share."""

from dashboard.figures.palette import STATUSES, VERDICTS, Mark
from dashboard.figures.timeline import TimelineRows, timeline_figure

__all__ = ["STATUSES", "VERDICTS", "Mark", "TimelineRows", "timeline_figure"]
