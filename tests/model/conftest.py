"""Property tests of the model: no deadline for a single example, which a busy machine would miss."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
