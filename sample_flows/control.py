"""The demo's own small page: what is going on, and a switch for each fault. It has nothing to do with the platform."""

from __future__ import annotations

from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from sample_flows.faults import FAULTS, named
from sample_flows.live import LiveTraffic
from sample_flows.processes import HOST, CannotStart

MOST_BYTES = 4096

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sample systems</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body {{ font: 15px/1.5 system-ui, sans-serif; color: #1d2433; background: #f6f7f9; margin: 2rem auto; max-width: 52rem;
   padding: 0 1rem }}
 h1 {{ font-size: 1.3rem; margin: 0 }} p {{ margin: .3rem 0 1.2rem; color: #566075 }}
 label {{ display: grid; grid-template-columns: 1.6rem 1fr; background: #fff; border: 1px solid #dfe3ea;
   border-radius: 6px; padding: .55rem .8rem; margin: .35rem 0; cursor: pointer }}
 label:has(:checked) {{ border-color: #b45309; background: #fff8ed }}
 small {{ color: #566075; display: block }} input {{ margin-top: .35rem }}
 button {{ margin: 1rem 0; padding: .5rem 1.2rem; border: 0; border-radius: 6px; background: #2f5bd0; color: #fff;
   font: inherit; cursor: pointer }}
</style></head><body>
<h1>Sample systems: faults on demand</h1>
<p>{placed} orders placed live, {happened} steps done, {waiting} to come. A fault holds for what begins while it is
switched on; what it breaks shows on the dashboard within minutes.</p>
<form method="post" action="/">{faults}<button>Set</button></form>
</body></html>
"""
_FAULT = """<label><input type="checkbox" name="fault" value="{name}"{checked}><span>{title}
<small>Look for: {look}</small></span></label>
"""


class ControlPage:
    """Serves the page on the loopback; use it in a `with` statement. Raises CannotStart where the port is in use."""

    def __init__(self, traffic: LiveTraffic, port: int) -> None:
        class Handler(_Handler):
            live = traffic

        try:
            self._server = ThreadingHTTPServer((HOST, port), Handler)
        except OSError as refused:
            raise CannotStart(
                f"port {port} for the page with the faults cannot be had: {refused.strerror}"
            ) from refused
        self._server.daemon_threads = True
        self.address = f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    live: LiveTraffic

    def do_GET(self) -> None:
        """The page."""
        if self.path != "/":
            self.send_error(404)
            return
        body = page(self.live).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Switch faults; a request that another site's page made is refused."""
        origin = self.headers.get("Origin")
        size = int(self.headers.get("Content-Length") or 0)
        if self.path != "/" or size > MOST_BYTES or (origin and origin != f"http://{self.headers.get('Host')}"):
            self.send_error(403)
            return
        wanted = parse_qs(self.rfile.read(size).decode(errors="replace")).get("fault", [])
        self.live.faults = named(name for name in wanted if name in FAULTS)
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def page(live: LiveTraffic) -> str:
    """The page as it is now."""
    faults = "".join(
        _FAULT.format(
            name=escape(fault.name),
            title=escape(fault.title),
            look=escape(fault.look),
            checked=" checked" if fault.name in live.faults else "",
        )
        for fault in FAULTS.values()
    )
    return _PAGE.format(placed=live.placed, happened=live.happened, waiting=live.waiting, faults=faults)
