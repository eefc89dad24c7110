"""What requests may say: page sizes, cursors, times, keys. Nothing is ignored: an unknown parameter is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, TypeVar, get_origin

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from dashboard.access import principal_of
from dashboard.instants import storable, written
from dashboard.services import Services
from model import TEXT, UINT32, BadRequest, Catalog, NotFound, Principal, Workflow, cursor_of, position_of

MAX_LIMIT = 1000

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]
Caller = Annotated[Principal, Depends(principal_of)]
T = TypeVar("T")


def services_of(request: Request) -> Services:
    """What the server is made of."""
    services: Services = request.app.state.services
    return services


Rooms = Annotated[Services, Depends(services_of)]


def _mended(value: object) -> object:
    """A plus sign of a time offset that arrives unescaped is read as a space; no RFC 3339 time has one there."""
    return value.replace(" ", "+") if isinstance(value, str) and value[-6:-5] == " " else value


Instant = Annotated[AwareDatetime, BeforeValidator(_mended), BeforeValidator(written), AfterValidator(storable)]
"""An RFC 3339 time; one without an offset is refused, it would be a guess."""


def only_known_parameters(request: Request) -> None:
    """Refuse a query parameter the path does not have, for a mistyped filter must not list everything, and a second
    value of one that has one: it is none of both.
    """
    route = request.scope["route"]
    known = dict(_flat(route.dependant))
    unknown = sorted(set(request.query_params) - known.keys())
    if unknown:
        hint = f"it knows {', '.join(sorted(known))}" if known else "it takes none"
        raise BadRequest(f"{request.url.path} has no parameter {', '.join(unknown)}; {hint}")
    given = [name for name, _ in request.query_params.multi_items()]
    repeated = sorted({name for name in given if not known[name] and given.count(name) > 1})
    if repeated:
        raise BadRequest(f"{request.url.path} takes one {', one '.join(repeated)}, not several")


def _flat(dependant: Any) -> Iterator[tuple[str, bool]]:
    """The parameters of a path, and whether each takes several values."""
    for field in dependant.query_params:
        yield field.alias, get_origin(field.field_info.annotation) is list
    for each in dependant.dependencies:
        yield from _flat(each)


def catalog_of(services: Services, principal: Principal) -> Catalog:
    """The active catalog; an empty one where none was applied yet."""
    return services.catalog(principal.tenant) or Catalog()


def workflow_of(services: Services, principal: Principal, name: str) -> Workflow:
    """A workflow of the active catalog; raises `NotFound`."""
    try:
        return catalog_of(services, principal).workflow(name)
    except KeyError:
        raise NotFound(f"There is no workflow {name!r} in the catalog") from None


def instance_key(key: str, slashed: str | None) -> str:
    """The root key a URL names, as it says it: `slashed` (`/instances/-?key=`) where the path says `-`."""
    if slashed is not None and key != "-":
        raise BadRequest("The parameter key goes with the path /instances/-")
    return slashed if slashed is not None else key


def page_by(
    of: str, items: Sequence[T], limit: int, cursor: str | None, place: Callable[[T], str]
) -> tuple[list[T], str | None]:
    """A page of such a list whose items come and go, in the order of their places, no two of which are equal.

    The cursor is the place of the last item, so that none is left out where one before it has gone meanwhile.
    """
    after = "" if cursor is None else str(position_of((of,), cursor, (TEXT,))[0])
    rest = sorted((each for each in items if place(each) > after), key=place)
    page = rest[:limit]
    return page, cursor_of((of,), [place(page[-1])]) if len(rest) > limit else None


def page_of(of: Sequence[str], items: Sequence[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    """A page of a list that is short enough to be held whole, and loses none of its items."""
    start = 0 if cursor is None else int(position_of(of, cursor, (UINT32,))[0])
    end = start + limit
    return list(items[start:end]), cursor_of(of, [end]) if end < len(items) else None
