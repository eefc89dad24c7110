"""Receivers (OTLP over gRPC and HTTP, CloudEvents), durable spool, writer; the received tables and `segments`."""

from collector.collector import Collector, Limits
from collector.counters import Counters, Sample, prometheus_text
from collector.intake import IntakeLimits
from collector.quarantine import Quarantine, Quarantined, QuarantineLimits
from collector.reading import committed_segments, kept_rows, logs_of_segments, spans_of_segments, spans_of_traces
from collector.recovery import left_in
from collector.redaction import Redactions, TenantRedaction
from collector.retention import apply_retention
from collector.segment import Signal, new_segment_id, opened_at
from collector.slow_senders import impatient
from collector.spool import Spool, SpoolLimits
from collector.tls import Tls
from collector.writer import Writer, WriterLimits

__all__ = [
    "Collector",
    "Counters",
    "IntakeLimits",
    "Limits",
    "Quarantine",
    "QuarantineLimits",
    "Quarantined",
    "Redactions",
    "Sample",
    "Signal",
    "Spool",
    "SpoolLimits",
    "TenantRedaction",
    "Tls",
    "Writer",
    "WriterLimits",
    "apply_retention",
    "committed_segments",
    "impatient",
    "kept_rows",
    "left_in",
    "logs_of_segments",
    "new_segment_id",
    "opened_at",
    "prometheus_text",
    "spans_of_segments",
    "spans_of_traces",
]
