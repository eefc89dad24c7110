"""Who is told of a broken or endangered promise, once, through which channel; what people answer. Never judges."""

from alerting.alert import Alert, AlertState, Links
from alerting.engine import Alerting, AlertingReport
from alerting.reading import AlertReader, AlertRow
from alerting.silence import Silence
from alerting.wording import one_line

__all__ = [
    "Alert",
    "AlertReader",
    "AlertRow",
    "AlertState",
    "Alerting",
    "AlertingReport",
    "Links",
    "Silence",
    "one_line",
]
