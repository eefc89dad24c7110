"""What a right catalog means once it is read."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from model import (
    Amount,
    AtRisk,
    Catalog,
    CatalogError,
    Comparison,
    Condition,
    CutOff,
    KeyType,
    Match,
    Objective,
    Occurrence,
    Outcome,
    Pause,
    Promise,
    Receiver,
    Route,
    catalog_from_sources,
    load_catalog,
)

GOOD = Path(__file__).parents[1] / "catalog" / "good"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(GOOD)


def workflow_text(keys: str) -> str:
    return f"workflow: w\nkeys: {keys}\nroot: order\nmilestones: [{{id: a, match: {{event: a}}}}]\n"


def read(text: str) -> Catalog:
    return catalog_from_sources([("c.yaml", text)])


def exactly(*values: str) -> Condition:
    return Condition(Comparison.ANY_OF, values)


def test_files_are_read_in_the_order_of_their_paths_with_those_in_folders_below(catalog: Catalog) -> None:
    paths = [path for path, _ in catalog.sources]
    assert paths == ["every_feature.yaml", "order_to_cash.yaml", "procurement/purchase.yml", "promises.yaml"]
    assert [each.name for each in catalog.workflows] == ["returns", "order_to_cash", "purchase_to_pay", "promises"]


def test_the_case_of_a_suffix_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "ORDERS.YML").write_text(workflow_text("{order: {attributes: [order.id]}}"))
    assert [path for path, _ in load_catalog(tmp_path).sources] == ["ORDERS.YML"]


def test_the_example_of_the_documentation_is_read_as_it_says(catalog: Catalog) -> None:
    workflow = catalog.workflow("order_to_cash")
    assert (workflow.title, workflow.owner, workflow.criticality) == (
        "Order to cash",
        "customer-operations",
        "critical",
    )
    assert workflow.keys == (
        KeyType("order", 0, (("order.id",), ("sales_order.number",)), ("trim", "strip_leading_zeros")),
        KeyType("trace", 1, window=timedelta(hours=1)),
        KeyType("delivery", 2, (("delivery.id",),)),
        KeyType("invoice", 3, (("company.code", "invoice.number"), ("invoice.id",))),
    )
    assert workflow.amount == Amount("order.total", "order.currency")
    placed, invoice = workflow.milestone("order_placed"), workflow.milestone("invoice_posted")
    assert placed.match == Match(span=exactly("POST /orders"), service=exactly("storefront"))
    assert (placed.place, placed.title, placed.system, placed.ends) == (0, "Order placed", "storefront", None)
    assert invoice.match == Match(event=exactly("erp.invoice.posted"), attributes=(("status", exactly("posted")),))
    assert invoice.unique
    assert workflow.milestone("goods_issued").repeatable
    assert workflow.milestone("payment_received").ends is Outcome.COMPLETED
    assert workflow.milestone("order_cancelled").ends is Outcome.CANCELLED


def test_the_slas_of_the_example_are_read_as_it_says(catalog: Catalog) -> None:
    release, promised = catalog.workflow("order_to_cash").slas
    assert (release.from_milestone, release.to_milestone, release.within) == (
        "order_placed",
        "goods_issued",
        timedelta(hours=4),
    )
    assert (release.calendar, release.zone, release.at_risk) == ("emea", "Europe/Berlin", AtRisk(share=0.75))
    assert release.objective == Objective(0.99, timedelta(days=30), 20)
    assert (release.severity, release.owner, release.occurrence) == ("high", "customer-operations", Occurrence.FIRST)
    assert (promised.promise, promised.per, promised.within) == (Promise("promise.date"), "delivery", None)
    assert (promised.zone, promised.severity, promised.at_risk) == ("UTC", "medium", None)


def test_the_routes_of_the_example_are_read_as_it_says(catalog: Catalog) -> None:
    oncall, mail = (route for route in catalog.routes if route.id in {"oncall", "mail"})
    webhook = Receiver("webhook", "http://127.0.0.1:9099/hook")
    assert oncall == Route("oncall", (("severity", ("high", "critical")),), (webhook,), continue_=True)
    assert mail.receivers == (Receiver("email", "ops@example.org"), Receiver("apprise_env", "OPS_CHAT_URL"))


def test_conditions_may_be_texts_lists_globs_and_operators_that_must_all_hold(catalog: Catalog) -> None:
    match = catalog.workflow("returns").milestone("requested").match
    assert match.span == exactly("POST /returns", "PUT /returns/*")
    assert match.service == Condition(Comparison.PATTERN, operand="^shop-(eu|us)$")
    assert match.attributes == (
        ("channel", exactly("web", "app")),
        ("test", Condition(Comparison.EXISTS, operand=False)),
        ("lines.count", Condition(Comparison.GTE, operand=1.0)),
        ("lines.count", Condition(Comparison.LT, operand=100.0)),
        ("customer.tier", Condition(Comparison.PATTERN, operand="gold|silver")),
        ("http.response.status_code", exactly("201")),
        ("gift", exactly("false")),
        ("price", exactly("1.50")),
        ("code", exactly("007")),
    )


def test_a_span_with_status_error_reaches_a_milestone_only_if_it_says_so(catalog: Catalog) -> None:
    workflow = catalog.workflow("returns")
    assert workflow.milestone("inspected").match.statuses == {"ok", "unset"}
    assert workflow.milestone("received").match.statuses == {"ok", "error"}
    assert workflow.milestone("requested").match.statuses == {"ok", "unset", "error"}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(
            "{order: {attributes: [o]}, delivery: {attributes: [d]}}",
            [("order", 0, None), ("delivery", 1, None), ("trace", 2, None)],
            id="the trace is outermost and without a window where it is not listed",
        ),
        pytest.param(
            "{order: {attributes: [o]}, trace: {window: 1h}, delivery: {attributes: [d]}}",
            [("order", 0, None), ("trace", 1, timedelta(hours=1)), ("delivery", 2, None)],
            id="a listed trace keeps its place and window",
        ),
        pytest.param(
            "{order: {attributes: [o]}, trace: , delivery: {attributes: [d]}}",
            [("order", 0, None), ("trace", 1, None), ("delivery", 2, None)],
            id="a listed trace needs no value",
        ),
        pytest.param(
            "{order: {attributes: [o]}, trace: false, delivery: {attributes: [d]}}",
            [("order", 0, None), ("delivery", 1, None)],
            id="the trace can be switched off",
        ),
    ],
)
def test_keys_run_from_the_root_outward(keys: str, expected: list[tuple[str, int, timedelta | None]]) -> None:
    workflow = read(workflow_text(keys)).workflow("w")
    assert [(key.name, key.rank, key.window) for key in workflow.keys] == expected


def test_calendars_know_spans_days_and_holidays(catalog: Catalog) -> None:
    shop, hour = catalog.calendar("shop"), 3_600
    weekday = ((8 * hour, 12 * hour), (13 * hour, 20 * hour))
    thursday = ((8 * hour, 12 * hour), (13 * hour, 22 * hour))
    assert shop.hours == (
        weekday,
        weekday,
        weekday,
        thursday,
        weekday,
        ((10 * hour, 24 * hour),),
        ((0, 2 * hour),),
    )
    assert shop.days == ((date(2026, 12, 24), ((9 * hour, 13 * hour),)), (date(2026, 12, 31), ()))
    assert (shop.zone, shop.country, shop.subdivision) == ("America/New_York", "US", "NY")
    assert catalog.calendar("always").zone == "UTC"


def test_every_shape_of_sla_is_read(catalog: Catalog) -> None:
    returns = {sla.id: sla for sla in catalog.workflow("returns").slas}
    assert returns["return_inspected"].at_risk == AtRisk(left=timedelta(minutes=30))
    assert returns["return_inspected"].occurrence is Occurrence.EACH
    assert returns["refund_in_time"].pause == Pause("on_hold", "resumed")
    assert returns["refund_in_time"].owner == "finance"
    assert returns["parcel_received"].per == "parcel"
    assert returns["same_day"].cut_off == CutOff(time(16), time(17))
    assert returns["promised"].zone == "America/New_York"
    promises = {sla.id: sla for sla in catalog.workflow("promises").slas}
    assert len(promises) == 17
    assert promises["by_cut_off"].zone == "Europe/Berlin"
    assert promises["by_last_promise"].occurrence is Occurrence.LAST


def test_names_without_a_title_get_a_readable_one(catalog: Catalog) -> None:
    assert catalog.workflow("purchase_to_pay").title == "Purchase to pay"
    assert catalog.sla("same_day").title == "Same day"


def test_anchors_stand_for_what_they_name(catalog: Catalog) -> None:
    steps = [key.normalize for key in catalog.workflow("purchase_to_pay").keys[:2]]
    assert steps == [("trim", "strip_leading_zeros")] * 2


def test_a_key_without_a_value_counts_as_absent() -> None:
    text = workflow_text("{order: {attributes: [o]}}") + "title:\nslas:\nsystems: ~\n"
    assert read(text) == read(workflow_text("{order: {attributes: [o]}}"))


def test_documents_without_content_and_comments_mean_nothing() -> None:
    text = workflow_text("{order: {attributes: [o]}}")
    assert read(f"# nothing\n---\n---\n{text}---\n# nothing either\n") == read(text)


def test_hidden_files_are_not_read(tmp_path: Path) -> None:
    text = workflow_text("{order: {attributes: [o]}}")
    for path in (tmp_path / "w.yaml", tmp_path / ".w.yaml", tmp_path / "..data" / "w.yaml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert [path for path, _ in load_catalog(tmp_path).sources] == ["w.yaml"]


def test_a_catalog_read_from_its_own_sources_is_the_same(catalog: Catalog) -> None:
    again = catalog_from_sources(catalog.sources)
    assert again == catalog
    assert again.hash == catalog.hash


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_bytes(b"\xef\xbb\xbf" + workflow_text("{order: {attributes: [o]}}").encode())
    assert load_catalog(tmp_path).workflow("w").root == "order"


@pytest.mark.parametrize(
    "text",
    ["5", "[]", '"text"', "{workflow: {}}", "{slas: 5, workflow: [x]}", "calendars: [1]", "keys: 1", "routes: x"],
)
def test_a_document_of_an_unexpected_shape_is_a_mistake_like_any_other(text: str) -> None:
    with pytest.raises(CatalogError):
        read(text)


@pytest.mark.parametrize("name", ["sales-order", "sales.order", "sales order"])
def test_the_group_of_a_key_type_has_underscores_where_groups_cannot_have_its_signs(name: str) -> None:
    text = workflow_text(
        f"{{order: {{attributes: [o]}}, {name}: {{patterns: [{{body: '(a) (?P<sales_order>[0-9]+)'}}]}}}}"
    )
    [workflow] = catalog_from_sources([("c.yaml", text)]).workflows
    assert [(each.place, each.group) for each in workflow.keys[1].patterns] == [("body", 2)]


def test_a_group_that_is_there_twice_is_a_mistake() -> None:
    text = workflow_text(r"{order: {patterns: [{body: '\(?P<order>(?P<order>A[0-9]+)|(?P<order>B[0-9]+)'}]}}")
    with pytest.raises(CatalogError, match="the pattern has the group `order` twice"):
        catalog_from_sources([("c.yaml", text)])
    once = workflow_text(r"{order: {patterns: [{body: '\(\?P<order>(?P<order>A[0-9]+)'}]}}")
    assert catalog_from_sources([("c.yaml", once)]).workflows
