"""`control.json` in a data folder: how commands find the platform that runs on it, and talk to its admin API.

The file names the admin API's loopback address and a token made for this run; it is private to the user and goes when
the platform stops. A file left behind by a crash is recognised: at its address nobody answers, or somebody else does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from model import Refused, ThroughlineError, Unavailable

FILE = "control.json"
PROBE_SECONDS = 5.0
"""How long a running platform may take to say that it runs; it looks at nothing for that."""


@dataclass(frozen=True, slots=True)
class Control:
    """A running platform: its process id, its admin API (`http://127.0.0.1:port`) and the token for it."""

    pid: int
    admin: str
    token: str
    http: str
    otlp_grpc: str
    otlp_http: str

    def write(self, data_dir: Path) -> None:
        """Put the file in place, readable by the user only, whole or not at all."""
        partial = data_dir / f".{FILE}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        partial.rename(data_dir / FILE)

    @staticmethod
    def remove(data_dir: Path) -> None:
        """Take the file away; nothing happens where there is none."""
        (data_dir / FILE).unlink(missing_ok=True)

    @classmethod
    def running(cls, data_dir: Path) -> Control | None:
        """The platform that runs on this folder and answers, or None.

        Another program may have the port of a platform that is gone, so only the answer of that very process counts.
        """
        try:
            control = cls(**json.loads((data_dir / FILE).read_text(encoding="utf-8")))
            with httpx.Client(timeout=PROBE_SECONDS, trust_env=False) as client:
                answer = client.get(f"{control.admin}/process", headers=control._headers)
                return control if answer.json() == control.process else None
        except (FileNotFoundError, ValueError, TypeError, httpx.HTTPError, httpx.InvalidURL):
            return None

    @property
    def process(self) -> dict[str, Any]:
        """How the admin API says which process it is of."""
        return {"throughline": self.pid}

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One answer of the admin API; raises `Refused` in the platform's words, `Unavailable` without an answer."""
        *_, last = self.stream(method, path, body)
        return last

    def stream(self, method: str, path: str, body: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """The JSON lines of an answer that takes long, as they come; raises like `call`."""
        try:
            with (
                httpx.Client(timeout=httpx.Timeout(None, connect=2), trust_env=False) as client,
                client.stream(method, self.admin + path, json=body, headers=self._headers) as response,
            ):
                if response.status_code >= 400:
                    response.read()
                    raise Refused(_detail(response))
                for line in response.iter_lines():
                    if line:
                        yield _checked(json.loads(line))
        except httpx.HTTPError as error:
            raise Unavailable(f"The platform at {self.admin} does not answer: {error}.") from error


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise (Unavailable if answer.get("retryable") else Refused)(answer["error"])
    return answer


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError):
        return f"the admin API answered {response.status_code}"


def error_line(error: ThroughlineError) -> dict[str, Any]:
    """How an error travels in a stream that has already begun."""
    return {"error": str(error), "retryable": error.retryable}
