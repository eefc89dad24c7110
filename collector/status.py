"""What is answered: OTLP's export responses, and google.rpc.Status, the body it wants with every failure."""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from collector.intake import Refusal
from collector.requests import Accepted
from collector.segment import Signal


def status_of(refusal: Refusal, retry_seconds: int) -> status_pb2.Status:
    """The status message, with RetryInfo where sending again is worth it."""
    status = status_pb2.Status(code=refusal.answer.code, message=str(refusal))
    if refusal.answer.retryable:
        packed = any_pb2.Any()
        packed.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=retry_seconds)))
        status.details.append(packed)
    return status


def response_of(accepted: Accepted, nesting: int) -> Any:
    """The export response: empty for a full success, else with how many were rejected and why."""
    if accepted.signal is Signal.TRACES:
        response = trace_service_pb2.ExportTraceServiceResponse()
        if accepted.rejected:
            response.partial_success.rejected_spans = accepted.rejected
    else:
        response = logs_service_pb2.ExportLogsServiceResponse()
        if accepted.rejected:
            response.partial_success.rejected_log_records = accepted.rejected
    if accepted.rejected:
        response.partial_success.error_message = f"a value is nested more than {nesting} deep"
    return response
