"""Text for plotly, which reads links and styles in whatever it is given to show."""

from __future__ import annotations

from html import escape


def plain(text: str) -> str:
    """The text so written that plotly shows it as it is: names and keys are what a sender says, and may hold a link.

    For everything plotly shows: `text`, `name`, `customdata`, `hovertext`, `ticktext`, titles.
    """
    return escape(text, quote=False)
