"""The pages at `/`: Dash on the same server as the API. An address becomes a drawn page; decides nothing."""

from dashboard.pages.app import add_pages

__all__ = ["add_pages"]
