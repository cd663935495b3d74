"""The HTTP side: routes, limits on what a client may send and how long it may take, and no word of our inside."""

import asyncio
import json
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import describing, health, protocol
from .answering import Answering, Reply
from .asking import Refused
from .holder import Holder
from .metrics import Metrics
from .requestlog import RequestLog
from .settings import Settings

log = logging.getLogger(__name__)
VERSION = "1"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KEY = re.compile(r"[\x20-\x7e]{1,128}")

PROTOCOL: list[str | Any] = ["open inference protocol"]

Answer = Callable[[bytes, str, str | None], Reply]


class Service:
    """What the routes share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.holder = Holder(settings, self.metrics)
        self.log = None if settings.log is None else RequestLog(settings.log, settings.log_bytes)
        if self.log is not None:
            self.log.prepare()
        self.answering = Answering(settings, self.holder, self.metrics, self.log)
        self.pool = ThreadPoolExecutor(settings.threads, "answer")
        self.under_way = 0
        self.reading = 0

    def close(self) -> None:
        """End in order: what is under way, the watching, the log."""
        self.pool.shutdown(wait=True)
        self.answering.close()
        self.holder.stop()
        if self.log is not None:
            self.log.close()

    async def answered(self, request: Request, route: str, answer: Answer) -> Response:
        """Read a request's body within its limits, answer it in a thread, count it."""
        begun = time.perf_counter()
        request_id = _request_id(request)
        try:
            self._check_room()
            body = await self._body(request)
            self._check_room()  # others may have come while this one was read
            reply = await self._in_thread(answer, body, request_id, _key(request))
        except Refused as refused:
            headers = {"Retry-After": "1"} if refused.status == 503 else {"Connection": "close"}  # noqa: PLR2004
            reply = Reply(refused.status, {"error": str(refused), "id": request_id}, headers)
        except ClientDisconnect:
            reply = Reply(400, {"error": "the client went away", "id": request_id})
        except asyncio.CancelledError:
            self._count(route, 503, begun)  # it took too long
            raise
        self._count(route, reply.status, begun)
        return _json(reply.tree, reply.status, {**reply.headers, "X-Request-Id": request_id})

    def _count(self, route: str, status: int, begun: float) -> None:
        self.metrics.add("mltools_requests_total", route=route, status=str(status))
        self.metrics.observe("mltools_request_seconds", [time.perf_counter() - begun], route=route)

    def _check_room(self) -> None:
        """Raises Refused where as many requests are answered as may be."""
        if self.under_way >= self.settings.requests:
            raise Refused(503, "too many requests at once; try again")

    async def _body(self, request: Request) -> bytes:
        """The whole body. Raises Refused for one that is too large or comes too slowly, or beside too much of others."""
        settings, found = self.settings, bytearray()
        _check_head(request, settings)
        try:
            async with asyncio.timeout(settings.body_seconds):
                async for chunk in request.stream():
                    found += chunk
                    self.reading += len(chunk)
                    if len(found) > settings.most_body:
                        raise _too_large(settings)
                    if self.reading > settings.requests * settings.most_body:
                        raise Refused(503, "too many large requests at once; try again")
        except TimeoutError as error:
            raise Refused(408, f"the body did not come within {settings.body_seconds:g} s") from error
        finally:
            self.reading -= len(found)
        return bytes(found)

    async def _in_thread(self, answer: Answer, body: bytes, request_id: str, key: str | None) -> Reply:
        # Until it has ended, and not until its client lost patience: a thread cannot be stopped.
        self.under_way += 1
        done = asyncio.get_running_loop().run_in_executor(self.pool, answer, body, request_id, key)
        done.add_done_callback(self._ended)
        return await asyncio.shield(done)

    def _ended(self, done: "asyncio.Future[Reply]") -> None:
        self.under_way -= 1
        if not done.cancelled():
            done.exception()  # looked at, so that nobody complains where the client is gone


def create(service: Service, started: Callable[[], None] = lambda: None) -> FastAPI:
    """The application over a service; `started` is called when the plan was looked at for the first time."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.holder.start(started)
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="mltools model service",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # to wherever a client's Host header says
        lifespan=lifespan,
    )
    app.openapi = lambda: describing.openapi(app, service.holder.serving)  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Bounded, seconds=service.settings.answer_seconds)
    _own_routes(app, service)
    _protocol_routes(app)
    _model_routes(app, service)
    return app


def _own_routes(app: FastAPI, service: Service) -> None:
    @app.post("/predict", tags=["predict"], openapi_extra=describing.PREDICT)
    async def predict(request: Request) -> Response:
        """Answer rows. A row that breaks the input contract is refused with 422, naming row, column and rule."""
        return await service.answered(request, "/predict", service.answering.predict)

    @app.get("/health/live", tags=["health"])
    async def live() -> Response:
        """Whether the process answers at all."""
        return _json({"status": "live"})

    @app.get("/health/ready", tags=["health"])
    async def ready() -> Response:
        """Whether requests are answered, by what, and what else there is to know."""
        found = await asyncio.to_thread(health.details, service.settings, service.holder, service.log)
        return _json(found, 200 if found["status"] == "ready" else 503)

    @app.get("/metrics", tags=["health"], response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counters and histograms for Prometheus."""
        await asyncio.to_thread(
            health.gauges, service.metrics, service.settings, service.holder, service.log, service.under_way
        )
        return PlainTextResponse(
            service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(describing.page(app.openapi()), headers=describing.PAGE_HEADERS)


def _protocol_routes(app: FastAPI) -> None:
    @app.get("/v2", tags=PROTOCOL)
    async def server() -> Response:
        """What this server is."""
        return _json({"name": "mltools", "version": VERSION, "extensions": []})

    @app.get("/v2/health/live", tags=PROTOCOL)
    async def live() -> Response:
        """Whether the server answers at all."""
        return _json({"live": True})


def _model_routes(app: FastAPI, service: Service) -> None:
    def asked(name: str, version: str | None = None, *, full: bool) -> Response:
        try:
            serving, arm = service.answering.named(name, version)
        except Refused as refused:
            return _json({"error": str(refused)}, refused.status)
        loaded = serving.arms[arm or "stable"]
        if not full:
            return _json({"name": loaded.name, "ready": True})
        there = sorted({serving.arms[one].version for one in serving.answering})
        return _json(protocol.metadata(loaded, there))

    def infers(name: str, version: str | None) -> Answer:
        return lambda body, request_id, key: service.answering.infer(body, request_id, key, name, version)

    @app.get("/v2/health/ready", tags=PROTOCOL)
    async def ready() -> Response:
        """Whether all models answer."""
        found = service.holder.serving is not None
        return _json({"live": True, "ready": found}, 200 if found else 503)

    # A model's name may hold a slash, so the routes that say more come first.
    @app.get("/v2/models/{name:path}/versions/{version}/ready", tags=PROTOCOL)
    async def version_ready(name: str, version: str) -> Response:
        """Whether a version answers."""
        return asked(name, version, full=False)

    @app.get("/v2/models/{name:path}/ready", tags=PROTOCOL)
    async def model_ready(name: str) -> Response:
        """Whether a model answers."""
        return asked(name, full=False)

    @app.post(
        "/v2/models/{name:path}/versions/{version}/infer", tags=PROTOCOL, openapi_extra=describing.INFER
    )
    async def version_infer(request: Request, name: str, version: str) -> Response:
        """Answer tensors by one version."""
        return await service.answered(request, "/v2/infer", infers(name, version))

    @app.post("/v2/models/{name:path}/infer", tags=PROTOCOL, openapi_extra=describing.INFER)
    async def model_infer(request: Request, name: str) -> Response:
        """Answer tensors."""
        return await service.answered(request, "/v2/infer", infers(name, None))

    @app.get("/v2/models/{name:path}/versions/{version}", tags=PROTOCOL)
    async def version_metadata(name: str, version: str) -> Response:
        """What a version takes and answers."""
        return asked(name, version, full=True)

    @app.get("/v2/models/{name:path}", tags=PROTOCOL)
    async def model_metadata(name: str) -> Response:
        """What a model takes and answers."""
        return asked(name, full=True)


class Bounded:
    """Ends what takes longer than it may, such as a model that does not come to an end."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(self.seconds):
                await self.app(scope, receive, noted)
        except TimeoutError:
            if begun:
                raise
            told = _json({"error": "the answer took too long"}, 503, {"Connection": "close"})
            await told(scope, receive, send)


def _check_head(request: Request, settings: Settings) -> None:
    """Raises Refused for a body that says itself that it is too large, or in a form that is not read."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > settings.most_body:
        raise _too_large(settings)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Refused(415, f"the body is encoded as {encoding[:40]!r}; send it as it is")


def _too_large(settings: Settings) -> Refused:
    return Refused(413, f"the body has more than {settings.most_body:,} bytes")


def _request_id(request: Request) -> str:
    told = request.headers.get("x-request-id", "")
    return told if _ID.fullmatch(told) else secrets.token_hex(12)


def _key(request: Request) -> str | None:
    told = request.headers.get("x-request-key")
    return told if told is not None and _KEY.fullmatch(told) else None


def _json(tree: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    content = text.encode("utf-8", "backslashreplace")
    return Response(content, status, headers, "application/json")


async def _http_error(request: Request, error: HTTPException) -> Response:
    allowed = (error.headers or {}).get("Allow")
    if error.status_code == HTTPStatus.NOT_FOUND:
        told = "there is no such route; GET /docs lists those that there are"
    elif allowed:
        told = f"{request.method} is not for this route; it takes {allowed}"
    else:
        told = str(error.detail)
    return _json({"error": told}, error.status_code, dict(error.headers or {}))


async def _bug(request: Request, error: Exception) -> Response:
    request_id = _request_id(request)
    log.error("request %s failed", request_id, exc_info=error)
    return _json(
        {"error": "an error of the service; its log has the reason under this id", "id": request_id}, 500
    )
