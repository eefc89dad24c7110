"""Redaction: what the catalog says is never stored as it comes, is not stored as it comes. Nowhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector import Redactions, Signal
from collector.importing import import_file, load_mapping
from model import NORMALIZE_STEPS, Refused, SystemClock, Unavailable, catalog_from_sources, normalized
from store import Sql, Store
from tests.collector.payloads import logs, spans
from tests.collector.running import RunningCollector, wait_for

_PROTOBUF = {"content-type": "application/x-protobuf"}
_SECRET = "a secret of this test"
_RULES = """
redaction:
  - {id: cards, attributes: [payment.card, "card.*"], action: drop}
  - {id: mails, attributes: "*email", action: mask}
  - {id: mails_in_texts, attributes: note, texts: [body, status_message], pattern: "[^@ ]+@[^@ ]+", action: mask}
  - {id: people, attributes: customer.id, action: hash, normalize: [trim, upper]}
  - {id: refused, attributes: secret.*, pattern: "^sk_", action: drop}
"""


def _redactions(rules: str = _RULES, secret: str | None = _SECRET) -> Redactions:
    found = catalog_from_sources([("rules.yaml", rules)]).redactions
    return Redactions(lambda _tenant: found, secret)


def _hash(value: str, tenant: str = "default") -> str:
    key = hmac.new(_SECRET.encode(), f"throughline redaction {tenant}".encode(), hashlib.sha256).hexdigest()
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()[:32]


def _set(attributes: Any, **values: str) -> None:
    for name, value in values.items():
        attributes.add(key=name.replace("__", ".")).value.string_value = value


def test_attributes_are_dropped_masked_and_hashed_wherever_they_are(store: Store, tmp_path: Path) -> None:
    request = spans(1)
    resource = request.resource_spans[0]
    span = resource.scope_spans[0].spans[0]
    _set(resource.resource.attributes, owner__email="a@b.example")
    _set(span.attributes, payment__card="4111", card__holder="Ann", email="a@b.example", customer__id=" c-7 ")
    _set(span.attributes, note="ask a@b.example twice", secret__key="sk_live", secret__name="harmless")
    span.status.message = "no mail to a@b.example sent"
    _set(span.events.add(name="paid").attributes, card__number="4111", amount="7")
    _set(span.links.add(trace_id=b"1" * 16, span_id=b"2" * 8).attributes, customer__id="C-7")
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        url = f"{running.http}/v1/traces"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        (row,) = running.rows("otel_traces", 1)
    assert row["ResourceAttributes"] == {"service.name": "shop", "owner.email": "***"}
    assert row["SpanAttributes"] == {
        "order.id": "SO-0",
        "email": "***",
        "customer.id": _hash("C-7"),
        "note": "ask *** twice",
        "secret.name": "harmless",
    }
    assert row["StatusMessage"] == "no mail to *** sent"
    assert row["Events.Attributes"] == [{"amount": "7"}]
    assert row["Links.Attributes"] == [{"customer.id": _hash("C-7")}]
    assert row["ServiceName"] == "shop"


def test_values_are_normalized_before_they_are_hashed_as_keys_are(store: Store, tmp_path: Path) -> None:
    steps = (*NORMALIZE_STEPS, "trim, upper", "trim, strip_leading_zeros")
    listed = (
        f"  - {{id: r{n}, attributes: v{n}.*, action: hash, normalize: [{each}]}}" for n, each in enumerate(steps)
    )
    rules = "\n".join(["redaction:", *listed])
    values = ["\t c-7\r\n", "straße É", "\u00a0x\u00a0", "0007", "000", " 07\v", "07a", "０７"]
    request = spans(1)
    for n in range(len(steps)):
        named = {f"v{n}__{index}": value for index, value in enumerate(values)}
        _set(request.resource_spans[0].scope_spans[0].spans[0].attributes, **named)
    with RunningCollector(store, tmp_path, redactions=_redactions(rules)) as running:
        url = f"{running.http}/v1/traces"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        (row,) = running.rows("otel_traces", 1)
    assert {name: value for name, value in row["SpanAttributes"].items() if name.startswith("v")} == {
        f"v{n}.{index}": _hash(normalized(value, tuple(each.split(", "))))
        for n, each in enumerate(steps)
        for index, value in enumerate(values)
    }


def test_a_list_of_keys_stays_a_list_and_every_value_of_it_links(store: Store, tmp_path: Path) -> None:
    request = spans(1)
    attribute = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="customer.id")
    for text in ("C-7", "c-8"):
        attribute.value.array_value.values.add().string_value = text
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        url = f"{running.http}/v1/traces"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        (row,) = running.rows("otel_traces", 1)
    assert row["SpanAttributes"]["customer.id"] == f'["{_hash("C-7")}","{_hash("C-8")}"]'


def test_json_that_holds_a_covered_name_is_masked_whole(store: Store, tmp_path: Path) -> None:
    request = logs(3)
    first, second, third = request.resource_logs[0].scope_logs[0].log_records
    first.body.kvlist_value.values.add(key="card").value.string_value = "4111"
    nested = first.attributes.add(key="customer").value.kvlist_value.values.add(key="email")
    nested.value.string_value = "a@b.example"
    second.body.string_value = '{"order": 7}'
    third.body.string_value = "mail a@b.example"
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        event = {"specversion": "1.0", "id": "1", "source": "/erp", "type": "customer.changed"}
        sent = {**event, "time": "2027-01-01T00:00:00Z", "data": {"customer": {"id": "C-7", "email": "a@b.example"}}}
        headers = {"content-type": "application/cloudevents+json"}
        assert httpx.post(f"{running.http}/v1/events", json=sent, headers=headers).status_code == 202
        url = f"{running.http}/v1/logs"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        rows = running.rows("otel_logs", 4)
    assert [row["Body"] for row in rows] == ["***", '{"order": 7}', "mail ***", "***"]
    assert rows[0]["LogAttributes"] == {"customer": "***"}
    assert rows[3]["LogAttributes"] == {
        "customer.id": _hash("C-7"),
        "customer.email": "***",
        "cloudevents.event_id": "1",
        "cloudevents.event_source": "/erp",
        "cloudevents.event_type": "customer.changed",
    }


_EMAIL = json.dumps({"customer": {"email": "LEAK"}})
_HOLDING = [
    _EMAIL,
    json.dumps([json.loads(_EMAIL)]),
    f"received {_EMAIL} from the shop",
    json.dumps({"payload": _EMAIL}),
    json.dumps(json.dumps(json.dumps({"payload": _EMAIL}))),
    json.dumps({"payload": json.dumps(json.loads(_EMAIL), indent=1).replace('"email"', '"email"\n ')}),
    _EMAIL.replace("email", "em\\u0061il"),
    json.dumps({"payload": _EMAIL.replace("email", "\\u0065mail")}),
    json.dumps({"payload": {"a/b": "LEAK"}}).replace("/", "\\/"),
    json.dumps({"shop": {"customer": {"of": {"number": "LEAK"}}}}),
]
_HARMLESS = [
    "",
    'the field "email" is missing',
    json.dumps({"names": ["email"], "city": "München"}),
    json.dumps({"payload": json.dumps({"city": "München", "order": 7})}),
]


def test_json_is_found_wherever_in_a_text_and_however_it_is_escaped(store: Store, tmp_path: Path) -> None:
    rules = 'redaction: [{id: a, attributes: [customer.email, a/b, "shop*number"], action: mask}]'
    request = logs(len(_HOLDING) + len(_HARMLESS))
    for record, text in zip(request.resource_logs[0].scope_logs[0].log_records, _HOLDING + _HARMLESS, strict=True):
        record.body.string_value = text
        _set(record.attributes, text=text)
    failing = spans(1)
    failing.resource_spans[0].scope_spans[0].spans[0].status.message = f"cannot send {_EMAIL}"
    with RunningCollector(store, tmp_path, redactions=_redactions(rules)) as running:
        for path, body in (("logs", request), ("traces", failing)):
            url = f"{running.http}/v1/{path}"
            assert httpx.post(url, content=body.SerializeToString(), headers=_PROTOBUF).status_code == 200
        rows = running.rows("otel_logs", len(_HOLDING) + len(_HARMLESS))
        (span,) = running.rows("otel_traces", 1)
    expected = ["***"] * len(_HOLDING) + _HARMLESS
    assert [row["Body"] for row in rows] == expected
    assert [row["LogAttributes"]["text"] for row in rows] == expected
    assert span["StatusMessage"] == "***"


def test_json_in_the_data_of_an_event_is_found_as_well(store: Store, tmp_path: Path) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/erp", "type": "changed", "data": {"payload": _EMAIL}}
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        headers = {"content-type": "application/cloudevents+json"}
        assert httpx.post(f"{running.http}/v1/events", json=event, headers=headers).status_code == 202
        (row,) = running.rows("otel_logs", 1)
    assert (row["Body"], row["LogAttributes"]["payload"]) == ("***", "***")


def test_json_in_bytes_is_found_wherever_they_are(store: Store, tmp_path: Path) -> None:
    """Bytes are stored as base64, in which no name can be read and every value can."""
    request = logs(5)
    records = request.resource_logs[0].scope_logs[0].log_records
    held, harmless = _EMAIL.encode(), b'{"city":"Ulm"}'
    records[0].body.bytes_value = held
    records[0].attributes.add(key="payload").value.bytes_value = b"received " + held
    records[1].body.kvlist_value.values.add(key="payload").value.bytes_value = held
    records[1].attributes.add(key="payload").value.array_value.values.add().bytes_value = held
    records[2].body.bytes_value = harmless
    records[2].attributes.add(key="payload").value.array_value.values.add().bytes_value = harmless
    records[3].attributes.add(key="customer.id").value.bytes_value = held
    event = {"specversion": "1.0", "id": "1", "source": "/erp", "type": "changed", "time": "2020-01-01T00:00:00Z"}
    sent = {**event, "datacontenttype": "text/plain", "data_base64": base64.b64encode(held).decode()}
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        headers = {"content-type": "application/cloudevents+json"}
        assert httpx.post(f"{running.http}/v1/events", json=sent, headers=headers).status_code == 202
        url = f"{running.http}/v1/logs"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        of_event, *rows = running.rows("otel_logs", 6)
    text = base64.b64encode(harmless).decode()
    assert of_event["Body"] == "***"
    assert [row["Body"] for row in rows] == ["***", "***", text, "", ""]
    assert [row["LogAttributes"].get("payload") for row in rows[:3]] == ["***", "***", f'["{text}"]']
    assert rows[3]["LogAttributes"]["customer.id"] == _hash(base64.b64encode(held).decode().upper())


def test_what_begins_like_a_list_and_is_none_is_hashed_as_it_is(store: Store, tmp_path: Path) -> None:
    request = logs(4)
    texts = ("[A1]", "[B2]", "[", '["C-7"]')
    for record, text in zip(request.resource_logs[0].scope_logs[0].log_records, texts, strict=True):
        _set(record.attributes, customer__id=text)
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        url = f"{running.http}/v1/logs"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        rows = running.rows("otel_logs", 4)
    found = [row["LogAttributes"]["customer.id"] for row in rows]
    assert found == [_hash("[A1]"), _hash("[B2]"), _hash("["), f'["{_hash("C-7")}"]']


@pytest.mark.parametrize("action", ["hash", "mask", "mask, pattern: '.*'"])
def test_what_is_blank_stays_blank(store: Store, tmp_path: Path, action: str) -> None:
    """Hashed or masked it would be a key, and link what has none."""
    blank = ("", " ", "\t\n\v\f\r", "[]", '["", null]', '[" ","\\u000b\\t"]')
    request = logs(len(blank))
    for record, text in zip(request.resource_logs[0].scope_logs[0].log_records, blank, strict=True):
        record.body.string_value, record.event_name = text, ""
        _set(record.attributes, customer__id=text)
    unnamed = spans(1)
    del unnamed.resource_spans[0].resource.attributes[:]
    texts = "" if action == "hash" else ", texts: [body, event_name, span_name]"
    rules = f"redaction: [{{id: keys, attributes: [customer.id, service.name]{texts}, action: {action}}}]"
    with RunningCollector(store, tmp_path, redactions=_redactions(rules)) as running:
        for path, body in (("logs", request), ("traces", unnamed)):
            url = f"{running.http}/v1/{path}"
            assert httpx.post(url, content=body.SerializeToString(), headers=_PROTOBUF).status_code == 200
        rows = running.rows("otel_logs", len(blank))
        (span,) = running.rows("otel_traces", 1)
    assert [row["LogAttributes"]["customer.id"] for row in rows] == list(blank)
    assert [row["Body"] for row in rows] == list(blank)
    assert {row["ServiceName"] for row in rows} == {row["EventName"] for row in rows} == {""}
    assert span["ServiceName"] == ""


def test_what_is_blank_in_a_list_stays_blank(store: Store, tmp_path: Path) -> None:
    request = logs(1)
    text = '["c-7", "", null, " ", 8]'
    _set(request.resource_logs[0].scope_logs[0].log_records[0].attributes, customer__id=text)
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        url = f"{running.http}/v1/logs"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        (row,) = running.rows("otel_logs", 1)
    assert json.loads(row["LogAttributes"]["customer.id"]) == [_hash("C-7"), "", "", " ", _hash("8")]


def test_without_rules_the_statement_is_what_it_is_without_redaction() -> None:
    rows = Sql("SELECT * FROM otel_logs")
    assert Redactions().of("default").rows(Signal.LOGS, rows) is rows


def test_a_glob_does_not_take_the_identity_of_an_event(store: Store, tmp_path: Path) -> None:
    everything = 'redaction: [{id: all, attributes: "*", action: drop}]'
    with RunningCollector(store, tmp_path, redactions=_redactions(everything)) as running:
        sent = {"specversion": "1.0", "id": "1", "source": "/erp", "type": "changed", "data": {"a": 1}}
        headers = {"content-type": "application/cloudevents+json"}
        assert httpx.post(f"{running.http}/v1/events", json=sent, headers=headers).status_code == 202
        (row,) = running.rows("otel_logs", 1)
    kept = {"cloudevents.event_id", "cloudevents.event_source", "cloudevents.event_type", "throughline.flags"}
    assert set(row["LogAttributes"]) == kept
    assert row["Body"] == "***"


_NAMES = """
redaction:
  - {id: names, texts: [span_name, event_name], pattern: "[0-9]{4,}", action: mask}
  - {id: services, attributes: service.name, action: hash}
"""


def test_names_of_spans_and_events_are_masked_wherever_they_stand(store: Store, tmp_path: Path) -> None:
    request = spans(1, service="shop of Ann")
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.name = "POST /customers/4711001"
    span.events.add(name="card 4111222 charged")
    span.events.add(name="done")
    log = logs(1)
    record = log.resource_logs[0].scope_logs[0].log_records[0]
    record.event_name = "invoice.7700123.posted"
    _set(record.attributes, event__name="invoice.7700123.posted", other="7700123")
    with RunningCollector(store, tmp_path, redactions=_redactions(_NAMES)) as running:
        for path, body in (("traces", request), ("logs", log)):
            url = f"{running.http}/v1/{path}"
            assert httpx.post(url, content=body.SerializeToString(), headers=_PROTOBUF).status_code == 200
        event = {"specversion": "1.0", "id": "1", "source": "/erp", "type": "customer.990011.changed"}
        headers = {"content-type": "application/cloudevents+json"}
        sent = {**event, "time": "2027-01-01T00:00:00Z"}
        assert httpx.post(f"{running.http}/v1/events", json=sent, headers=headers).status_code == 202
        (row,) = running.rows("otel_traces", 1)
        first, second = running.rows("otel_logs", 2)
    assert (row["SpanName"], row["Events.Name"]) == ("POST /customers/***", ["card *** charged", "done"])
    assert row["ServiceName"] == row["ResourceAttributes"]["service.name"] == _hash("shop of Ann")
    assert first["EventName"] == first["LogAttributes"]["event.name"] == "invoice.***.posted"
    assert first["LogAttributes"]["other"] == "7700123"
    assert second["EventName"] == second["LogAttributes"]["cloudevents.event_type"] == "customer.***.changed"


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("texts: [span_name, event_name], action: drop", ("", [""], "shop")),
        ("texts: span_name, action: mask", ("***", ["paid"], "shop")),
        ("attributes: service.name, action: drop", ("POST /orders", ["paid"], "")),
        ("attributes: 'service.*', action: mask", ("POST /orders", ["paid"], "***")),
    ],
)
def test_whole_names_are_dropped_and_masked(store: Store, tmp_path: Path, rule: str, names: Any) -> None:
    request = spans(1)
    request.resource_spans[0].scope_spans[0].spans[0].events.add(name="paid")
    rules = f"redaction: [{{id: names, {rule}}}]"
    with RunningCollector(store, tmp_path, redactions=_redactions(rules)) as running:
        url = f"{running.http}/v1/traces"
        assert httpx.post(url, content=request.SerializeToString(), headers=_PROTOBUF).status_code == 200
        (row,) = running.rows("otel_traces", 1)
    assert (row["SpanName"], row["Events.Name"], row["ServiceName"]) == names


@pytest.mark.parametrize("signal", list(Signal))
def test_rules_compile_to_what_was_looked_at(signal: Signal) -> None:
    """Set THROUGHLINE_GOLDEN=write to write the files anew, and look at the difference."""
    found = catalog_from_sources([("rules.yaml", _NAMES)]).redactions
    sql = Redactions(lambda _tenant: found, _SECRET).of("default").rows(signal, Sql(f"SELECT * FROM {signal.table}"))
    bound = {name: value for name, value in sorted(sql.params.items()) if name != "redact_key"}
    text = sql.text.replace(", mapApply", ",\n  mapApply").replace(", arrayMap", ",\n  arrayMap") + "\n"
    text += "".join(f"-- {name} = {value!r}\n" for name, value in bound.items())
    file = Path(__file__).with_name("golden") / f"redaction-{signal}.sql"
    if os.environ.get("THROUGHLINE_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wrong", ["texts: span.name, action: mask", "texts: [], action: drop", "texts: body, action: mask, patterns: []"]
)
def test_a_rule_that_would_do_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(Refused):
        catalog_from_sources([("rules.yaml", f"redaction: [{{id: names, {wrong}}}]")])


def test_without_the_secret_nothing_is_stored_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    body = spans(1).SerializeToString()
    with RunningCollector(store, tmp_path, redactions=_redactions(secret=None)) as running:
        assert httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF).status_code == 200
        writer = running.collector.writer
        assert writer is not None
        wait_for(lambda: "THROUGHLINE_REDACTION_KEY_FILE" in (writer.last_error or ""))
        assert store.value("SELECT count() FROM otel_traces") == 0
        assert running.collector.quarantine.count() == 0
    with RunningCollector(store, tmp_path, redactions=_redactions()) as running:
        running.rows("otel_traces", 1)


def test_hashes_of_two_tenants_do_not_meet() -> None:
    redactions = _redactions()
    assert redactions.of("a").key != redactions.of("b").key
    assert _SECRET not in redactions.of("a").key


_MAPPING = """
source: crm
format: csv
id: no
time: {column: at, format: iso, zone: UTC}
type: {value: customer.changed}
attributes: {customer.id: customer, contact.email: mail, city: town}
"""


@pytest.mark.parametrize(
    ("file_format", "text"),
    [
        ("csv", "no,at,kind\n1,2027-01-01T00:00:00Z,paid 4711\n2,never,paid 4712\n"),
        (
            "jsonl",
            '{"no":1,"at":"2027-01-01T00:00:00Z","kind":"paid 4711"}\n{"no":2,"at":"never","kind":"paid 4712"}\n',
        ),
    ],
)
def test_an_import_masks_event_names(store: Store, tmp_path: Path, file_format: str, text: str) -> None:
    mapping, file = tmp_path / "mapping.yaml", tmp_path / f"events.{file_format}"
    mapping.write_text(
        f"source: crm\nformat: {file_format}\nid: no\ntime: {{column: at, format: iso, zone: UTC}}\n"
        "type: {column: kind}\n"
    )
    file.write_text(text)
    rules = 'redaction: [{id: names, texts: event_name, pattern: "[0-9]+", action: mask}]'
    list(import_file(store, file, load_mapping(mapping), clock=SystemClock(), redactions=_redactions(rules)))
    assert store.value("SELECT EventName FROM otel_logs") == "paid ***"
    assert store.value("SELECT count() FROM import_rejects WHERE toString(cells) LIKE '%4712%'") == 0
    assert store.value("SELECT count() FROM import_rejects") == 1


def test_an_import_stores_neither_accepted_nor_refused_values_as_they_came(store: Store, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(_MAPPING)
    file = tmp_path / "customers.csv"
    file.write_text(
        "no,at,customer,mail,town\n"
        "1,2027-01-01T00:00:00Z,c-7,a@b.example,Ulm\n"
        "2,never,c-8,c@d.example,Bonn\n"
        "3,2027-01-01T00:00:00Z,c-9\n"
    )
    with pytest.raises(Unavailable, match="secret"):
        list(import_file(store, file, load_mapping(mapping), clock=SystemClock(), redactions=_redactions(secret="")))
    list(import_file(store, file, load_mapping(mapping), clock=SystemClock(), redactions=_redactions()))
    (row,) = store.rows("SELECT LogAttributes FROM otel_logs")
    assert row["LogAttributes"] == {
        "customer.id": _hash("C-7"),
        "contact.email": "***",
        "city": "Ulm",
        "cloudevents.event_id": "1",
        "cloudevents.event_source": "crm",
    }
    refused = store.rows("SELECT cells FROM import_rejects ORDER BY line")
    assert [each["cells"] for each in refused] == [["2", "never", "***", "***", "Bonn"], ["***"] * 3]
