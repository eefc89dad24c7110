"""TLS on both protocols, with the official exporters as clients."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from collector import Tls
from model import Refused
from tests.collector.certificate import self_signed
from tests.collector.running import RunningCollector
from tests.support.platform import eventually


def _report(exporter: SpanExporter) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("t").start_span("POST /orders").end()
    provider.shutdown()


def test_the_python_sdk_reports_over_tls_and_nobody_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would win over the certificate given
        monkeypatch.delenv(name, raising=False)
    tls = self_signed(tmp_path)
    with RunningCollector(None, tmp_path, tls=tls) as running:
        http = running.http.replace("http:", "https:")
        _report(HttpExporter(endpoint=f"{http}/v1/traces", certificate_file=str(tls.certificate)))
        credentials = grpc.ssl_channel_credentials(tls.certificate.read_bytes())
        _report(GrpcExporter(endpoint=f"https://{running.grpc}", credentials=credentials))
        counters = running.collector.counters
        assert counters.value("accepted_items", protocol="http_protobuf") == 1
        assert counters.value("accepted_items", protocol="grpc") == 1
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"{running.http}/v1/traces", content=b"")
        with pytest.raises(httpx.ConnectError):
            httpx.post(f"{http}/v1/traces", content=b"", verify=ssl.create_default_context())
        with grpc.insecure_channel(running.grpc) as channel, pytest.raises(grpc.FutureTimeoutError):
            grpc.channel_ready_future(channel).result(1)


@pytest.mark.parametrize("wrong", ["missing", "not a key", "another key", "with a password"])
def test_a_certificate_that_cannot_be_served_is_refused_by_name(tmp_path: Path, wrong: str) -> None:
    tls = self_signed(tmp_path)
    if wrong == "missing":
        tls.key.unlink()
    elif wrong == "not a key":
        tls.key.write_text("nothing")
    elif wrong == "another key":
        (tmp_path / "other").mkdir()
        tls.key.write_bytes(self_signed(tmp_path / "other").key.read_bytes())
    else:
        _encrypt(tls.key)
    with pytest.raises(Refused, match=r"certificate\.pem"):
        Tls(tls.certificate, tls.key)


def _encrypt(key: Path) -> None:
    import subprocess

    plain = key.read_bytes()
    command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-out", str(key)]
    subprocess.run(command, input=plain, check=True, capture_output=True)


def test_a_certificate_that_is_renewed_is_served_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = self_signed(tmp_path)
    (tmp_path / "new").mkdir()
    new = self_signed(tmp_path / "new")
    old_one, new_one = tls.certificate.read_text(), new.certificate.read_text()
    with RunningCollector(None, tmp_path, tls=tls) as running:
        addresses = [running.grpc, running.http.partition("://")[2]]

        def served() -> list[str]:
            return [ssl.get_server_certificate((host, int(port))) for host, port in (a.split(":") for a in addresses)]

        assert served() == [old_one, old_one]
        tls.certificate.write_text(new_one)
        eventually(lambda: served() and "served on" in caplog.text, "a chain without its key is told")
        assert served() == [old_one, old_one]
        tls.key.write_bytes(new.key.read_bytes())
        eventually(lambda: served() == [new_one, new_one], "both serve the new certificate")
        credentials = grpc.ssl_channel_credentials(new_one.encode())
        _report(GrpcExporter(endpoint=f"https://{running.grpc}", credentials=credentials))
        assert running.collector.counters.value("accepted_items", protocol="grpc") == 1
