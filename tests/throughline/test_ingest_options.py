"""The collector's options reach it: TLS on every port, tokens that are revoked without a restart, redaction, bounds."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.collector.certificate import self_signed
from tests.collector.payloads import spans
from tests.support.platform import Platform, eventually, throughline

CATALOG = (Path(__file__).with_name("catalog.yaml")).read_text(encoding="utf-8")
_STORED = """
import sys
from pathlib import Path
from store import Store
with Store.embedded(Path(sys.argv[1])) as store:
    for row in store.rows("SELECT SpanAttributes['order.id'] AS value FROM otel_traces"):
        print(row["value"])
"""
_CONNECTIONS_WITHIN = """
import logging, resource, sys
from throughline.open_files import connections_within
logging.basicConfig(stream=sys.stdout, format="%(message)s")
soft, hard, wanted = (int(each) for each in sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(connections_within(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
RULES = "\n---\nredaction:\n  - {id: customers, attributes: order.id, action: hash}\n"
PROTOBUF = {"content-type": "application/x-protobuf"}


def tokens(*names: str, tenant: str = "default") -> str:
    """A tokens file in which the names are their own tokens."""
    entries = [
        {"name": n, "tenant": tenant, "roles": ["admin"], "sha256": hashlib.sha256(n.encode()).hexdigest()}
        for n in names
    ]
    return json.dumps(entries)


def refused(*arguments: str) -> str:
    done: subprocess.CompletedProcess[str] = throughline(*arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("--host", "0.0.0.0"), "THROUGHLINE_TOKENS_FILE", id="an open address without tokens"),
        pytest.param(("--host", "0.0.0.0", "--tokens", "[]"), "--tls-certificate", id="an open address without TLS"),
        pytest.param(("--tls-key", "key.pem"), "--tls-certificate", id="a key without a certificate"),
        pytest.param(("--tls-key", "no.pem", "--tls-certificate", "no.pem"), "no.pem", id="a certificate that is none"),
        pytest.param(("--tokens", "[]"), "THROUGHLINE_TOKENS", id="an empty list of tokens"),
        pytest.param(("--tokens", "[]", "--tokens-file", "t"), "twice", id="tokens given twice"),
        pytest.param(("--max-request-size", "lots"), "16MB", id="a size that is none"),
        pytest.param(("--max-spool-size", "1KB"), "at least 1MB", id="a spool of nothing"),
        pytest.param(("--max-quarantined", "0"), "1<=x<=1000000", id="no refused request is kept"),
        pytest.param(("--max-quarantined-of-tenant", "0"), "1<=x<=1000000", id="every request is refused for ever"),
        pytest.param(("--redaction-key-file", "no.key"), "no.key", id="a secret that is not there"),
    ],
)
def test_what_cannot_work_is_refused_in_words(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in refused("up", "--data-dir", str(tmp_path), "--http-port", "0", *arguments)


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "connections", "files"),
    [
        pytest.param(256, 6000, 500, 500, 5596, id="raised as far as needed"),
        pytest.param(6000, 6000, 500, 500, 6000, id="left alone where it is enough"),
        pytest.param(256, 4196, 2048, 699, 4196, id="fewer connections where the system has a lower limit"),
        pytest.param(256, 1024, 2048, 170, 1024, id="half of the files for others where there are few"),
        pytest.param(256, 1024, 100, 100, 1024, id="few connections in few files"),
    ],
)
def test_as_many_connections_are_taken_as_files_may_be_open(
    soft: int, hard: int, wanted: int, connections: int, files: int
) -> None:
    command = [sys.executable, "-c", _CONNECTIONS_WITHIN, *map(str, (soft, hard, wanted))]
    *said, found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert found == f"{connections} {files}"
    assert [f"{connections} connections" in each for each in said] == [True] * (connections < wanted)


def test_a_tenant_whose_first_token_comes_later_has_the_catalog_before_anything_of_it_is_taken(tmp_path: Path) -> None:
    file, secret, catalog = tmp_path / "tokens.yaml", tmp_path / "secret", tmp_path / "catalog"
    file.write_text(tokens("one"))
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    catalog.mkdir()
    (catalog / "catalog.yaml").write_text(CATALOG + RULES)
    options = ("--catalog", str(catalog), "--tokens-file", str(file), "--redaction-key-file", str(secret))
    platform = Platform(tmp_path / "data", *options)
    seen: list[int] = []
    try:

        def send() -> bool:
            headers = {**PROTOBUF, "authorization": "Bearer later"}
            url = f"{platform.otlp_http}/v1/traces"
            seen.append(httpx.post(url, content=spans(1).SerializeToString(), headers=headers).status_code)
            return seen[-1] == 200

        file.write_text(tokens("one")[:-1] + "," + tokens("later", tenant="acme")[1:])
        eventually(send, "the new tenant is taken")
        assert set(seen) <= {401, 503, 200}
        headers = {"authorization": "Bearer later"}
        answer = httpx.get(f"{platform.http}/api/v1/workflows", headers=headers)
        assert [each["workflow"] for each in answer.json()["items"]] == ["parts"]
    finally:
        platform.stop()
    command = [sys.executable, "-c", _STORED, str(tmp_path / "data")]
    (value,) = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert re.fullmatch("[0-9a-f]{32}", value)


def test_tls_tokens_redaction_and_bounds_of_a_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    trusted = ssl.create_default_context(cafile=str(tls.certificate))
    file, secret, catalog = tmp_path / "tokens.yaml", tmp_path / "secret", tmp_path / "catalog"
    file.write_text(tokens("one", "two"))
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    catalog.mkdir()
    (catalog / "catalog.yaml").write_text(CATALOG + RULES)
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    few_files = tmp_path / "python-with-few-files"
    few_files.write_text(f'#!/bin/sh\nulimit -n 1024\nexec {sys.executable} "$@"\n')
    few_files.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(few_files))
        platform = Platform(
            data,
            *("--catalog", str(catalog), "--tokens-file", str(file), "--redaction-key-file", str(secret)),
            *("--tls-certificate", str(tls.certificate), "--tls-key", str(tls.key), "--max-request-size", "64KB"),
            *("--header-seconds", "5"),
        )
    try:
        assert platform.http.startswith("https://")
        assert platform.otlp_http.startswith("https://")
        assert [each.name for each in data.iterdir() if each.stat().st_mode & 0o077] == [], "all there is private"

        def send(token: str, count: int) -> int:
            headers = {**PROTOBUF, "authorization": f"Bearer {token}"}
            body = spans(count).SerializeToString()
            url = f"{platform.otlp_http}/v1/traces"
            return httpx.post(url, content=body, headers=headers, verify=trusted).status_code

        assert (send("one", 1), send("two", 1), send("three", 1)) == (200, 200, 401)
        assert send("one", 2000) == 413
        file.write_text(tokens("two"))
        eventually(lambda: send("one", 1) == 401, "the token is revoked")
        file.write_text("- broken: [")
        assert send("two", 1) == 200
        address = httpx.URL(platform.http)
        plain = socket.create_connection((address.host, address.port or 0), timeout=30)
        with trusted.wrap_socket(plain, server_hostname=address.host) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n")
            assert b"408" in slow.recv(100), "who does not end its headers is no longer waited for"
        (tmp_path / "new").mkdir()
        renewed = self_signed(tmp_path / "new")
        renewed.key.replace(tls.key)
        renewed.certificate.replace(tls.certificate)
        eventually(
            lambda: ssl.get_server_certificate((address.host, address.port or 0)) == tls.certificate.read_text(),
            "the pages have the renewed certificate",
        )
    finally:
        _, said = platform.stop()
    assert "170 connections on each port are taken instead of 2048" in said, "each is an open file"
    command = [sys.executable, "-c", _STORED, str(data)]
    values = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in values)
    assert len(set(values)) == 1, "equal values link"
