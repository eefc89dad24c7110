"""The one way a value in a catalog is refused: a whole sentence, and what may have been meant."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import PydanticCustomError

KIND = "catalog"
"""The error type of our own sentences, as against pydantic's."""


def mistake(message: str, *, at: str = "", near: str = "", known: Iterable[str] = ()) -> PydanticCustomError:
    """An error with a whole sentence; `at` is the key inside the value, `near` a wrong word, `known` the right ones."""
    return PydanticCustomError(KIND, "{said}", {"said": message, "at": at, "near": near, "known": list(known)})
