"""Apprise loads its services at the first use; one of them imports what Python 3.11 warns of."""

from __future__ import annotations

import warnings

import apprise
import pytest


@pytest.fixture(scope="session", autouse=True)
def apprise_services() -> None:
    """Load them once, before warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise.Apprise().add("json://127.0.0.1")
