"""Requests to an ASGI application without a network, from tests that are not coroutines."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

BASE_URL = "http://throughline.test"


class Client:
    """Keeps cookies, follows no redirects; an error of the application is the answer's status, as over a network."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._cookies = httpx.Cookies()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, path, **options))

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://throughline.test", cookies=self._cookies
        ) as c:
            answer = await c.request(method, path, **options)
            self._cookies = c.cookies
            return answer
