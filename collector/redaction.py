"""Redaction: what the catalog says must not be stored as it comes, compiled into the SELECT that decodes a segment.

The rules wrap that SELECT column by column, so one statement decodes, redacts and inserts, and nothing unredacted
reaches a table. What a rule names is nowhere stored as it came: a column that repeats an attribute (ServiceName), or an
attribute that repeats a text (the type of a CloudEvent), follows it, and a text in which the name stands as a member of
a JSON object is masked whole, wherever in it and however often escaped that object is, and in bytes as well. A hash is
HMAC-SHA-256 (its first 32 hexadecimal digits) with a key derived from the secret and the tenant: equal values of a
tenant stay equal and link, two tenants' do not meet, and who has only the tables can neither read nor guess them.
Names, patterns and keys are bound values, never text of the statement.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from collector.segment import Signal
from model import Redaction, RedactionAction, Unavailable
from store import Sql

MASK = "***"

_MAPS = {
    Signal.TRACES: ("ResourceAttributes", "SpanAttributes"),
    Signal.LOGS: ("ResourceAttributes", "ScopeAttributes", "LogAttributes"),
}
_LISTS_OF_MAPS = {Signal.TRACES: ("`Events.Attributes`", "`Links.Attributes`"), Signal.LOGS: ()}
_TEXTS = {
    Signal.TRACES: {"status_message": "StatusMessage", "span_name": "SpanName"},
    Signal.LOGS: {"body": "Body", "event_name": "EventName"},
}
_LISTS_OF_TEXTS = {Signal.TRACES: {"event_name": "`Events.Name`"}, Signal.LOGS: {}}
_NAMES_OF_EVENTS = {Signal.TRACES: (), Signal.LOGS: ("LogAttributes",)}
"""Maps in which a record's event name may stand as well, as `event.name` or, of a CloudEvent, as its type."""

_RESERVED = "(startsWith(k, 'cloudevents.event_') OR startsWith(k, 'throughline.'))"
"""The identity of an event and our own marks: a glob does not mean them, only their own name does."""

_MAY_HOLD_JSON = ("body", "status_message")

_ANY = '[^"]*'
_GAP = r"(?:\s|\\+[nrt])*"
"""Blanks between a name and its colon, escaped as often as you like."""

_UNREADABLE = r'\\u[0-9a-fA-F]{4}[^"]*'
"""Part of a name that is spelled in numbers: it may be any."""

_BLANK = r'^(?:\s|\x0b)*$|^\[(?:\s|,|null|"(?:\s|\x0b|\\[nrtf]|\\u000[bB])*")*\]$'
"""A text without a value in it, or a list of only such: no key, before its redaction and after it."""

_BASE64 = '"([A-Za-z0-9+/]{8,}={0,2})"'
"""A text in JSON that may be bytes; shorter ones hold no member of an object."""

_SERVICE = "service.name"
_EVENT_NAMES = "['event.name', 'cloudevents.event_type']"

_NORMALIZE = {
    "trim": r"trimBoth({0}, ' \t\n\r\f\v')",
    "upper": "upper({0})",
    "lower": "lower({0})",
    "strip_leading_zeros": "if(match({0}, '^0[0-9]+$'), replaceRegexpOne({0}, '^0+([0-9])', '\\\\1'), {0})",
}
"""By step, what `model.normalized` does: spellings that are one key are one hash."""


class NoRedactionKey(Unavailable):
    """The catalog hashes values and no secret was given: nothing is stored until there is one."""


@dataclass(frozen=True, slots=True)
class TenantRedaction:
    """The rules of one tenant, with the key its hashes are made with; `key` is empty where no rule hashes."""

    rules: tuple[Redaction, ...] = ()
    key: str = ""

    def rows(self, signal: Signal, rows: Sql) -> Sql:
        """A SELECT of the rows of a raw table, with the rules applied to every column that holds values of senders."""
        if not self.rules:
            return rows
        replaced = [
            f"{self._event_name_in(self._map(column)) if column in _NAMES_OF_EVENTS[signal] else self._map(column)} "
            f"AS {column}"
            for column in _MAPS[signal]
        ]
        replaced += [f"arrayMap(m -> {self._map('m')}, {column}) AS {column}" for column in _LISTS_OF_MAPS[signal]]
        replaced += [f"{self._text(name, column)} AS {column}" for name, column in _TEXTS[signal].items()]
        replaced += [
            f"arrayMap(x -> {self._text(name, 'x')}, {column}) AS {column}"
            for name, column in _LISTS_OF_TEXTS[signal].items()
        ]
        if self.covers(_SERVICE):
            # The column is a copy of the attribute, made before this SELECT.
            name = f"map('{_SERVICE}', toString(ServiceName))"
            replaced.append(f"{self._map(name)}['{_SERVICE}'] AS ServiceName")
        return Sql(f"SELECT * REPLACE ({', '.join(replaced)}) FROM ({rows.text})", {**rows.params, **self._params()})

    def attributes(self, expression: str) -> Sql:
        """An expression of a map of a log record's attributes, with the rules applied."""
        return Sql(self._event_name_in(self._map(expression)), self._params()) if self.rules else Sql(expression)

    def event_name(self, expression: str) -> Sql:
        """An expression of a log record's event name, with the rules applied."""
        return Sql(self._text("event_name", expression), self._params()) if self.rules else Sql(expression)

    def covers_text(self, name: str) -> bool:
        """Whether any rule is about a text of that name."""
        return any(name in rule.texts for rule in self.rules)

    def covers(self, name: str) -> bool:
        """Whether any rule is about an attribute of that name."""
        return any(re.fullmatch(_regex(each), name) for rule in self.rules for each in rule.attributes)

    def json_text(self, expression: str) -> Sql:
        """An expression of a text, masked where JSON in it holds a covered name."""
        if not self._names_attributes:
            return Sql(expression)
        return Sql(self._unless_it_holds(expression), self._params())

    @property
    def _names_attributes(self) -> bool:
        return any(rule.attributes for rule in self.rules)

    def _map(self, expression: str) -> str:
        for index, rule in enumerate(self.rules):
            if not rule.attributes:
                continue
            covered = (
                f"(has({{redact_names_{index}:Array(String)}}, k) OR "
                f"(match(replaceAll(k, '[]', ''), {{redact_globs_{index}:String}}) AND NOT {_RESERVED}))"
            )
            if rule.action is RedactionAction.DROP:
                matches = f" AND match(v, {{redact_pattern_{index}:String}})" if rule.pattern else ""
                expression = f"mapFilter((k, v) -> NOT ({covered}{matches}), {expression})"
            else:
                expression = (
                    f"mapApply((k, v) -> (k, if({covered}, {self._changed(index, rule, 'v')}, v)), {expression})"
                )
        if self._names_attributes:
            expression = f"mapApply((k, v) -> (k, {self._unless_it_holds('v')}), {expression})"
        return expression

    def _event_name_in(self, expression: str) -> str:
        """A map of attributes in which the event name, where it stands again, is changed as the name itself is."""
        if not self.covers_text("event_name"):
            return expression
        return f"mapApply((k, v) -> (k, if(has({_EVENT_NAMES}, k), {self._text('event_name', 'v')}, v)), {expression})"

    def _text(self, name: str, expression: str) -> str:
        if name in _MAY_HOLD_JSON and self._names_attributes:
            expression = self._unless_it_holds(expression)
        for index, rule in enumerate(self.rules):
            if name not in rule.texts:
                continue
            if rule.action is not RedactionAction.DROP:
                expression = self._changed(index, rule, expression)
            elif rule.pattern:
                expression = f"if(match({expression}, {{redact_pattern_{index}:String}}), '', {expression})"
            else:
                expression = "''"
        return expression

    def _changed(self, index: int, rule: Redaction, value: str) -> str:
        """The value masked or hashed; what is blank stays it, or it would be a key that links what has none."""
        if rule.action is RedactionAction.HASH:
            # A list of values, which is JSON text here, stays a list: each of its values must still link.
            each = "multiIf(startsWith(x, '\"'), JSONExtractString(x), x = 'null', '', x)"
            hashed = f"if({_is_blank('x')}, x, {_hashed(rule, 'x')})"
            listed = f"toJSONString(arrayMap(x -> {hashed}, arrayMap(x -> {each}, JSONExtractArrayRaw({value}))))"
            changed = f"if(startsWith({value}, '[') AND isValidJSON({value}), {listed}, {_hashed(rule, value)})"
        elif rule.pattern:
            changed = f"replaceRegexpAll({value}, {{redact_pattern_{index}:String}}, '{MASK}')"
        else:
            changed = f"'{MASK}'"
        return f"if({_is_blank(value)}, {value}, {changed})"

    def _unless_it_holds(self, value: str) -> str:
        # Bytes are base64 here, as a value of their own and within the JSON text of lists and maps.
        within = f"extractAll({value}, '{_BASE64}')"
        listed = f" OR (match({value}, '^[{{\\\\[]') AND arrayExists(x -> {_holds('tryBase64Decode(x)')}, {within}))"
        holds = f"{_holds(value, listed)} OR {_holds(f'tryBase64Decode({value})')}"
        return f"if({holds}, '{MASK}', {value})"

    def _params(self) -> dict[str, object]:
        params: dict[str, object] = {"redact_key": self.key, "redact_blank": _BLANK}
        for index, rule in enumerate(self.rules):
            if rule.attributes:
                globs = [each.replace("[]", "") for each in rule.attributes]
                params[f"redact_names_{index}"] = list(rule.attributes)
                params[f"redact_globs_{index}"] = f"(?s)^(?:{'|'.join(map(_regex, globs))})$"
            if rule.pattern:
                params[f"redact_pattern_{index}"] = rule.pattern
        inside = {_inside(each) for rule in self.rules for each in rule.attributes}
        if inside:
            params["redact_inside"] = f'(?:"(?:{"|".join(sorted(inside))})|{_UNREADABLE})\\\\*"{_GAP}:'
        return params


class Redactions:
    """The rules in force for each tenant, asked for at every insert; `secret` is what keys of hashes derive from."""

    def __init__(
        self, rules: Callable[[str], Sequence[Redaction]] | None = None, secret: str | bytes | None = None
    ) -> None:
        self._rules = rules or (lambda _tenant: ())
        self._secret = secret.encode() if isinstance(secret, str) else secret

    def of(self, tenant: str) -> TenantRedaction:
        """The rules of a tenant; raises `NoRedactionKey`."""
        rules = tuple(self._rules(tenant))
        if not hashes(rules):
            return TenantRedaction(rules)
        if not self._secret:
            raise NoRedactionKey(
                f"The catalog of tenant {tenant} hashes values, which needs a secret: put it into a file and name that "
                "in THROUGHLINE_REDACTION_KEY_FILE. Until then nothing of this tenant is stored."
            )
        key = hmac.new(self._secret, f"throughline redaction {tenant}".encode(), hashlib.sha256).hexdigest()
        return TenantRedaction(rules, key)


def hashes(rules: Iterable[Redaction]) -> bool:
    """Whether any rule needs the secret."""
    return any(rule.action is RedactionAction.HASH for rule in rules)


def _holds(text: str, more: str = "") -> str:
    # Most texts have no quote in them, and that is found out fast.
    return f"(position({text}, '\"') > 0 AND (match({text}, {{redact_inside:String}}){more}))"


def _is_blank(value: str) -> str:
    return f"match({value}, {{redact_blank:String}})"


def _hashed(rule: Redaction, value: str) -> str:
    for step in rule.normalize:
        value = _NORMALIZE[step].format(value)
    return f"substring(lower(hex(HMAC('sha256', {value}, {{redact_key:String}}))), 1, 32)"


def _regex(name: str) -> str:
    return ".*".join(re.escape(part) for part in name.split("*"))


def _inside(name: str) -> str:
    """The name as a member of a JSON object may carry it: all of it, or what is sure of the innermost one's.

    A `*` stands for dots as well: `customer*mail` covers {"customer": {"mail": ...}}.
    """
    name = name.replace("[]", "")
    whole = _as_json(name)
    found = re.fullmatch(r"(?s)(?P<before>.*?)(?P<last>[^.*]*)(?P<after>[.*]*)", name)
    assert found is not None  # noqa: S101 - every text is of that form
    starts = _ANY if found["before"].endswith("*") or not found["last"] else ""
    ends = _ANY if found["after"].startswith("*") else ""
    return f"{starts}{_as_json(found['last'])}{ends}|{whole}"


def _as_json(name: str) -> str:
    """A regular expression of the name as JSON spells it: quotes, slashes and backslashes may be escaped."""
    escaped = {'"': '\\\\*"', "/": "\\\\*/", "\\": "\\\\+"}
    return _ANY.join("".join(escaped.get(each, re.escape(each)) for each in part) for part in name.split("*"))
