"""google.rpc.Status, the body OTLP wants with every failure, for a refusal."""

from __future__ import annotations

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from collector.intake import Refusal


def status_of(refusal: Refusal, retry_seconds: int) -> status_pb2.Status:
    """The status message, with RetryInfo where sending again is worth it."""
    status = status_pb2.Status(code=refusal.answer.code, message=str(refusal))
    if refusal.answer.retryable:
        packed = any_pb2.Any()
        packed.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=retry_seconds)))
        status.details.append(packed)
    return status
