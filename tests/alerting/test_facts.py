"""An alert carries what its instance is worth and the keys people know it by."""

from __future__ import annotations

from alerting.facts import InstanceFacts
from alerting.lifecycle import Facts
from correlator import InstanceReader
from store import Store
from tests.alerting.examples import NOW, TENANT

COLUMNS = (
    *("tenant", "workflow", "key", "status", "current_milestone", "started_at", "last_event_at", "amount", "currency"),
    *("typed_keys", "systems", "flags", "events", "definition", "version", "is_deleted"),
)


def test_amount_and_business_keys_come_from_the_instance(store: Store) -> None:
    def instance(tenant: str, key: str, amount: str, *keys: tuple[str, str]) -> tuple[object, ...]:
        typed = [f"order_to_cash\x1f{name}\x1f{value}" for name, value in keys]
        return (
            *(tenant, "order_to_cash", key, "in_progress", "goods_issued", NOW, NOW, amount, "EUR" if amount else ""),
            *(typed, ["erp"], [], 1, "d1", 1, 0),
        )

    many = [("invoice", f"INV-{n:03}") for n in range(150)]
    store.insert(
        "instances",
        COLUMNS,
        [
            instance(
                TENANT, "SO-1", "120.50", ("order", "SO-1"), ("delivery", "D-1"), ("delivery", "D-2"), ("trace", "ab")
            ),
            instance(TENANT, "SO-2", "", ("order", "SO-2"), *many),
            instance("other", "SO-3", "7", ("order", "SO-3")),
        ],
    )
    facts = InstanceFacts(InstanceReader(store)).of(TENANT, "order_to_cash", ["SO-1", "SO-2", "SO-3", "SO-1"])
    assert facts == {
        "SO-1": Facts({"order": ("SO-1",), "delivery": ("D-1", "D-2")}, "120.50", "EUR"),
        "SO-2": Facts({"order": ("SO-2",), "invoice": tuple(value for _, value in many[:100])}),
    }


def test_more_instances_than_are_asked_for_at_once(store: Store) -> None:
    rows = [
        (*(TENANT, "order_to_cash", f"SO-{n}", "in_progress", "x", NOW, NOW, str(n), "EUR"), [], [], [], 1, "d1", 1, 0)
        for n in range(1, 1202)
    ]
    store.insert("instances", COLUMNS, rows)
    facts = InstanceFacts(InstanceReader(store)).of(TENANT, "order_to_cash", [f"SO-{n}" for n in range(1, 1202)])
    assert len(facts) == 1201
    assert facts["SO-1201"].amount == "1201"
