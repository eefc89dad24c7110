"""Judges clocks of SLAs in business time, tick by tick, and keeps the ledger of verdicts. Notifies nobody."""

from sla_engine.backtest import Backtest, Differences, Figures, Week, backtest, candidate
from sla_engine.coverage import Coverage, CoverageReader
from sla_engine.engine import SlaEngine, TickReport
from sla_engine.excuses import Excuse, Excuses
from sla_engine.lease import LEASE_SECONDS, Held, Lease, LeaseLost, create_leases, keeps_leases
from sla_engine.reading import (
    Attainment,
    ClockRow,
    Grouping,
    LedgerRow,
    SlaCounts,
    SlaSummary,
    VerdictReader,
    window_start,
)
from sla_engine.rejudging import Change, Rejudged, RejudgedReader, RejudgeProgress, Rejudging, Said, rejudge
from sla_engine.waiting import Waited, WaitingReader
from sla_engine.working_time import latest_within

__all__ = [
    "LEASE_SECONDS",
    "Attainment",
    "Backtest",
    "Change",
    "ClockRow",
    "Coverage",
    "CoverageReader",
    "Differences",
    "Excuse",
    "Excuses",
    "Figures",
    "Grouping",
    "Held",
    "Lease",
    "LeaseLost",
    "LedgerRow",
    "RejudgeProgress",
    "Rejudged",
    "RejudgedReader",
    "Rejudging",
    "Said",
    "SlaCounts",
    "SlaEngine",
    "SlaSummary",
    "TickReport",
    "VerdictReader",
    "Waited",
    "WaitingReader",
    "Week",
    "backtest",
    "candidate",
    "create_leases",
    "keeps_leases",
    "latest_within",
    "rejudge",
    "window_start",
]
