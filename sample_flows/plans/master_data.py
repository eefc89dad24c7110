"""What happens to a new business partner: from the CRM into the ERP, the procurement suite and the warehouse model."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sample_flows.case import Case, Draft, hours, minutes
from sample_flows.working_time import BERLIN

WORKFLOW = "master_data"

MISHAPS = {"duplicate_suspected": 0.06, "late_in_erp": 0.04, "late_in_procurement": 0.05}


def plan_partner(seed: int, ordinal: int, began_at: datetime) -> Case:
    """The whole life of the customer or supplier entered when the order with that ordinal is placed."""
    draft = Draft(WORKFLOW, seed, ordinal, began_at)
    draft.kind = draft.dice.choice(["customer", "supplier"])
    mishap = draft.suffers(MISHAPS)
    account, partner = f"ACC-{60_000 + ordinal}", f"{10_000_000 + ordinal}"
    owner, root, keys = [account], [("account", account)], [("account", account), ("partner", partner)]
    payload = {"account": account, "role": draft.kind}
    draft.add("account_entered", "crm", "/accounts", draft.began_at, payload, owner, root)
    at = draft.began_at + draft.between(minutes(1), minutes(30))
    if mishap == "duplicate_suspected":
        draft.add("held_for_steward", "erp", "/partner-holds", at, {"account": account}, owner, root)
        at += draft.between(hours(1), hours(40))
        draft.add("steward_released", "erp", "/partner-releases", at, {"account": account}, owner, root)
        at += draft.between(minutes(1), minutes(20))
    if mishap == "late_in_erp":
        at += draft.between(hours(4.2), hours(20))
    payload = {"account": account, "partner": partner}
    draft.add("partner_created", "erp", "/partners", at, payload, owner, keys)
    synced_at = at + (
        draft.between(hours(2.1), hours(30))
        if mishap == "late_in_procurement"
        else draft.between(minutes(1), minutes(80))
    )
    draft.add("partner_synced", "procurement", "/partners", synced_at, {"partner": partner}, owner, keys[1:])
    loaded_at = _next_load(at)
    draft.add(
        *("partner_loaded", "warehouse_load", "/partner-loads", loaded_at, {"partners": [partner]}, owner, keys[1:]),
        gather=f"partners/{loaded_at:%Y-%m-%d}",
    )
    return draft.finished()


def _next_load(at: datetime) -> datetime:
    """The next three o'clock at night in Hamburg, five minutes later."""
    day = at.astimezone(BERLIN).date()
    nights = (datetime.combine(day + timedelta(days=each), time(3, 5), BERLIN) for each in (0, 1))
    return next(night for night in nights if night > at)
