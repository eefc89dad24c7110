"""The pages in a real browser: they show what the rows say, keep still while they refresh, and ask nobody else."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dashboard import create_app
from dashboard.figures import TimelineRows, timeline_figure
from dashboard.figures.plain import plain
from model import Access, Clock, ManualClock, Principal, catalog_from_sources
from store import Store, apply_catalog, migrate
from tests.conftest import ROOMS, new_name
from tests.dashboard import world
from tests.dashboard.rows import clock, event, span

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def orders(embedded: Store) -> Iterator[Store]:
    """The small world."""
    store = embedded.beside(new_name(), pool=6)
    migrate(store, ROOMS)
    world.build(store)
    yield store
    store.execute(f"DROP DATABASE {store.database} SYNC")
    store.close()


@contextmanager
def served(store: Store, access: Access | None = None, clock: Clock | None = None) -> Iterator[str]:
    """The dashboard over a store, on a free port."""
    listening = socket.create_server(("127.0.0.1", 0))
    services = world.services(store, access)
    app = create_app(replace(services, clock=clock or services.clock))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=30)
    listening.close()


@pytest.fixture(scope="module")
def address(orders: Store) -> Iterator[str]:
    """The dashboard over the small world, open to anyone."""
    with served(orders) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the distribution; skips where it is not installed."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; on Debian and Ubuntu: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A tab in Berlin that must see no error and ask no other host."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, timezone_id="Europe/Berlin", base_url=address
    )
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    mistakes: list[str] = []
    tab.on("console", lambda message: mistakes.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: mistakes.append(str(error)))
    tab.on("request", lambda request: mistakes.append(request.url) if not is_local(request.url, address) else None)
    yield tab
    context.close()
    assert mistakes == []


def is_local(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


def shows(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)


def test_from_the_overview_one_click_leads_to_the_broken_order_and_its_timeline(page: Page) -> None:
    page.goto("/")
    lead = page.locator(".figure-number.lead")
    expect(lead.locator(".value")).to_have_text("1", timeout=PATIENCE_MS)
    assert page.title() == "Overview · Throughline"
    lead.click()
    page.wait_for_url("**/workflows/orders?status=in_progress&verdict=breached")
    cell = page.locator(".ag-row a.key")
    expect(cell).to_have_text(["SO-2"], timeout=PATIENCE_MS)
    cell.click()
    page.wait_for_url("**/workflows/orders/instances/SO-2")
    expect(page.locator("h1")).to_have_text("SO-2", timeout=PATIENCE_MS)
    shows(page, "overdue by 2 h")
    expect(page.locator(".js-plotly-plot .textpoint").first).to_be_visible(timeout=PATIENCE_MS)
    page.go_back()
    expect(page.locator(".ag-row a.key")).to_have_text(["SO-2"], timeout=PATIENCE_MS)


def test_the_timeline_of_a_finished_order(page: Page) -> None:
    page.goto("/workflows/orders/instances/SO-1")
    expect(page.locator(".step.reached")).to_have_count(4, timeout=PATIENCE_MS)
    expect(page.locator(".identity .pill")).to_have_text(["Completed"])
    shows(page, "120.50 EUR")
    shows(page, "08:00 CET")
    page.locator(".event-details summary").first.click()
    shows(page, "order.id")
    expect(page.locator(".js-plotly-plot .textpoint")).to_have_count(4, timeout=PATIENCE_MS)


def test_a_refresh_keeps_what_is_on_the_screen_in_place(page: Page) -> None:
    page.goto("/workflows/orders/instances/SO-1")
    details = page.locator(".event-details").first
    details.locator("summary").click()
    shows(page, "order.id")
    expect(page.locator(".js-plotly-plot .textpoint").first).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate("document.querySelector('.js-plotly-plot .main-svg').dataset.seen = 'before'")
    with page.expect_response(lambda answer: "_dash-update-component" in answer.url, timeout=PATIENCE_MS):
        pass
    time.sleep(1)
    assert page.evaluate("document.querySelector('.js-plotly-plot .main-svg').dataset.seen") == "before"
    expect(details).to_have_attribute("open", "")


def test_a_refresh_that_says_something_new_takes_the_focus_from_nobody_and_closes_nothing(
    browser: Browser, orders: Store
) -> None:
    clock = ManualClock(world.NOW)
    with served(orders, clock=clock) as address:
        context = browser.new_context(base_url=address)
        page = context.new_page()
        page.goto("/workflows/orders/instances/SO-3")
        shows(page, "due in 1 h")
        page.locator(".event-details summary").click()
        page.locator(".identity .copy").first.focus()
        clock.advance(timedelta(minutes=1))
        shows(page, "due in 59 min")
        shows(page, "3 h 1 min ago")
        expect(page.locator(".identity .copy").first).to_be_focused()
        expect(page.locator(".event-details")).to_have_attribute("open", "")
        page.locator(".sidebar a", has_text="Orders").click()
        expect(page.locator(".ag-row")).to_have_count(5, timeout=PATIENCE_MS)
        expect(page.locator("h1")).to_have_text("Orders")
        page.go_back()
        expect(page.locator("h1")).to_have_text("SO-3", timeout=PATIENCE_MS)
        expect(page.locator(".event-details[open]")).to_have_count(0)
        context.close()


@pytest.mark.parametrize("width", [1440, 480])
def test_beside_many_workflows_all_other_links_stay_within_reach(embedded: Store, browser: Browser, width: int) -> None:
    store = embedded.beside(new_name(), pool=6)
    migrate(store, ROOMS)
    many = "---\n".join(
        f"workflow: flow_{number}\ntitle: Flow {number}\nkeys: {{order: {{attributes: [order.id]}}}}\nroot: order\n"
        f"milestones: [{{id: start, match: {{event: start{number}}}}}]\n"
        for number in range(80)
    )
    apply_catalog(store, catalog_from_sources([("many.yaml", many)]), tenant=world.TENANT, actor="tests", at=world.NOW)
    with served(store) as address:
        page = browser.new_context(viewport={"width": width, "height": 800}, base_url=address).new_page()
        page.goto("/")
        links = page.locator(".sidebar a")
        expect(links).to_have_count(86, timeout=PATIENCE_MS)
        if width > 1000:
            for name in ("Alerts", "Systems", "Unresolved"):
                expect(page.locator(".sidebar a", has_text=name)).to_be_in_viewport()
            expect(page.locator("#theme-toggle")).to_be_in_viewport()
        strip = page.locator(".sidebar").evaluate("each => each.scrollWidth")
        assert strip < 1200, "the workflows scroll by themselves"
        page.context.close()
    store.execute(f"DROP DATABASE {store.database} SYNC")
    store.close()


def test_search_finds_an_order_by_any_of_its_keys(page: Page) -> None:
    page.goto("/")
    box = page.locator(".topbar .search input")
    box.fill("D-1")
    box.press("Enter")
    page.wait_for_url("**/search?q=D-1")
    expect(page.locator(".ag-row a.key")).to_have_text(["SO-1"], timeout=PATIENCE_MS)


def test_filters_are_in_the_address(page: Page) -> None:
    page.goto("/workflows/orders")
    expect(page.locator(".ag-row")).to_have_count(5, timeout=PATIENCE_MS)
    page.get_by_role("link", name="Cancelled 1", exact=True).click()
    page.wait_for_url("**/workflows/orders?status=cancelled")
    expect(page.locator(".ag-row a.key")).to_have_text(["SO-4"], timeout=PATIENCE_MS)
    page.locator("form.search input[placeholder^='Find']").fill("nothing has this key")
    page.keyboard.press("Enter")
    shows(page, "No instance matches these filters.")


def test_a_list_that_became_shorter_has_no_rows_twice(page: Page) -> None:
    page.goto("/workflows/orders")
    expect(page.locator(".ag-row")).to_have_count(5, timeout=PATIENCE_MS)
    block = """async ([from, to]) => {
      const place = { id: JSON.parse(document.querySelector('.grid [id]').id), listing: 'instances', of: 'orders',
                      zone: 'UTC', search: '' };
      const block = await window.throughline.rows({ startRow: from, endRow: to }, place);
      return [block.rowData.length, block.rowCount];
    }"""
    assert page.evaluate(block, [0, 2]) == [2, None]
    assert page.evaluate(block, [2, 4]) == [2, None]
    assert page.evaluate(block, [4, 6]) == [1, 5]
    assert page.evaluate(block, [0, 10]) == [5, 5]  # as if there had been more before
    assert page.evaluate(block, [10, 20]) == [0, 10]


def test_a_list_says_why_it_cannot_be_shown_and_goes_on_when_it_can(browser: Browser, address: str) -> None:
    context = browser.new_context(timezone_id="Europe/Berlin", base_url=address)
    page = context.new_page()
    for asked, said in (
        ("/workflows/orders?status=bogus", "'bogus' is no status; there are in_progress"),
        ("/workflows/orders?started_after=2026-11-01", "'2026-11-01' has no time zone offset"),
        ("/alerts?state=bogus", "'bogus' is no state; there are firing"),
        ("/slas/ship_in_time?verdict=bogus", "'bogus' is no verdict; there are"),
    ):
        page.goto(asked)
        expect(page.locator(".grid .grid-state")).to_contain_text(said, timeout=PATIENCE_MS)
    page.goto("/workflows/orders?started_after=2026-11-01")
    page.get_by_role("link", name="started from 2026-11-01").click(timeout=PATIENCE_MS)
    expect(page.locator(".ag-row")).to_have_count(5, timeout=PATIENCE_MS)
    expect(page.locator(".grid .grid-state")).to_have_count(0)
    refused = re.compile(".*/rows/instances.*")
    page.route(refused, lambda route: route.abort())
    expect(page.locator(".grid .grid-state")).to_have_text("The server does not answer.", timeout=PATIENCE_MS)
    page.unroute(refused)
    expect(page.locator(".grid .grid-state")).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator(".ag-row a.key")).to_have_count(5)
    context.close()


def test_who_has_signed_in_once_follows_links_from_other_sites(browser: Browser, orders: Store, address: str) -> None:
    sums = ((hashlib.sha256(b"ann").hexdigest(), Principal("ann", world.TENANT, frozenset({"read"}))),)
    context = browser.new_context()
    page = context.new_page()
    with served(orders, Access(False, sums)) as guarded:
        page.goto(f"{guarded}/workflows/orders/instances/A%2F5")
        page.locator("input[name=token]").fill("ann")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("h1")).to_have_text("A/5", timeout=PATIENCE_MS)
        assert page.url == f"{guarded}/workflows/orders/instances/A%2F5"
        page.goto(f"{address.replace('127.0.0.1', 'localhost')}/sign-in")
        page.evaluate("(to) => { location.href = to; }", f"{guarded}/workflows/orders/instances/SO-1")
        expect(page.locator("h1")).to_have_text("SO-1", timeout=PATIENCE_MS)
        context.close()


def test_an_open_page_says_that_its_reader_was_signed_out_and_where_to_sign_in(browser: Browser, orders: Store) -> None:
    sums = ((hashlib.sha256(b"ann").hexdigest(), Principal("ann", world.TENANT, frozenset({"read"}))),)
    with served(orders, Access(False, sums)) as guarded:
        context = browser.new_context(base_url=guarded)
        page = context.new_page()
        page.goto("/sign-in?next=/slas%3Fowner%3Dops")
        page.locator("input[name=token]").fill("ann")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#freshness")).to_have_text("Live", timeout=PATIENCE_MS)
        context.clear_cookies()
        link = page.get_by_role("link", name="Sign in again")
        expect(link).to_have_attribute("href", "/sign-in?next=%2Fslas%3Fowner%3Dops", timeout=PATIENCE_MS)
        expect(page.locator("#freshness")).to_have_text("Nobody is signed in here any more · Sign in again")
        link.click()
        page.locator("input[name=token]").fill("ann")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#freshness")).to_have_text("Live", timeout=PATIENCE_MS)
        assert page.url == f"{guarded}/slas?owner=ops"
        context.close()


def test_the_keyboard_goes_into_a_list_through_it_and_out_again(page: Page) -> None:
    page.goto("/workflows/orders")
    expect(page.locator(".ag-row .key", has_text="SO-2")).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".ag-header-cell").last.focus()
    page.keyboard.press("Tab")
    focused = page.locator(".ag-cell:focus")
    expect(focused).to_have_text("A/5")
    page.keyboard.press("Tab")
    expect(page.locator(".grid :focus")).to_have_count(0)
    page.locator(".ag-header-cell").last.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_text("SO-1")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("SO-1", timeout=PATIENCE_MS)


def test_an_acknowledgement_that_fails_says_so_and_can_be_tried_again(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    tab = context.new_page()
    tab.goto("/alerts?state=firing")
    button = tab.locator(".ag-row", has_text="SO-2").get_by_role("button")
    tab.route("**/acknowledge", lambda route: route.abort())
    button.click(timeout=PATIENCE_MS)
    expect(button).to_have_text("The server does not answer. Try again.")
    expect(button).to_be_enabled()
    context.close()


def test_an_alert_is_acknowledged_where_it_is_listed(page: Page) -> None:
    page.goto("/alerts?state=firing")
    row = page.locator(".ag-row", has_text="SO-2")
    row.get_by_role("button", name="Acknowledge").click()
    expect(row).to_have_count(0, timeout=PATIENCE_MS)
    page.goto("/alerts?state=acknowledged")
    expect(row.locator("[col-id=acknowledged]")).to_have_text("anonymous", timeout=PATIENCE_MS)


def test_the_theme_is_remembered(page: Page) -> None:
    page.goto("/systems")
    shows(page, "Warehouse")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.locator("#theme-toggle").click()
    page.locator("#theme-toggle").click()
    assert page.evaluate(colour) != light
    page.reload()
    shows(page, "Warehouse")
    assert page.evaluate(colour) != light


def test_every_page_of_the_frame_draws(page: Page) -> None:
    for path, text in (
        ("/slas", "Paid within a day"),
        ("/slas/ship_in_time", "placed → shipped within 4h"),
        ("/unresolved", "delivery D-404"),
        ("/systems", "Silent"),
        ("/nowhere", "There is no page here"),
    ):
        page.goto(path)
        shows(page, text)


def test_what_senders_write_is_text_in_the_figure_and_never_a_link(page: Page) -> None:
    link = '<a href="https://evil.example/">{} & co</a>'
    said = replace(event(link.format("milestone"), 2, link.format("system")), keys={"delivery": [link.format("key")]})
    worked = replace(span(link.format("service"), 1), name=link.format("span"), kind=link.format("kind"))
    due = replace(clock("pending", 1, link.format("promise")), per=link.format("per"))
    figure = timeline_figure(TimelineRows([said], [worked], [due], True), world.NOW, UTC)
    page.goto("/sign-in")
    page.add_script_tag(path=str(files("plotly") / "package_data" / "plotly.min.js"))
    page.evaluate(
        """async (figure) => {
      const { data, layout } = JSON.parse(figure);
      const drawn = document.body.appendChild(document.createElement("div"));
      await Plotly.newPlot(drawn, data, layout);
      window.hover = (curveNumber) => Plotly.Fx.hover(drawn, [{ curveNumber, pointNumber: 0 }]);
    }""",
        figure.to_json(),
    )
    drawn = page.locator(".js-plotly-plot")
    curves = {trace.name: number for number, trace in enumerate(figure.data) if trace.name}
    for name, shown in (
        ("spans", ("span", "service", "kind")),
        (f"{plain(said.system)}", ("milestone", "system", "key")),
    ):
        page.evaluate("(curve) => window.hover(curve)", curves[name])
        for each in shown:
            expect(drawn.locator(".hoverlayer")).to_contain_text(link.format(each), timeout=PATIENCE_MS)
    page.locator(".annotation-text-g", has_text="Pending").hover()
    expect(drawn.locator(".hoverlayer")).to_contain_text(link.format("promise"), timeout=PATIENCE_MS)
    for each in ("milestone", "system", "service"):
        expect(drawn.locator("svg text", has_text=link.format(each)).first).to_be_attached()
    assert drawn.locator("svg a").count() == 0
