"""The REST side: models, health, metrics, the page, errors in one form, and who is let in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI, AuthenticationError, NotFoundError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.api.fakes import serving
from vivavoce.api.auth import Keys
from vivavoce.api.guard import is_foreign, is_loopback
from vivavoce.api.health import Progress, status_routes
from vivavoce.api.realtime.connection import Service
from vivavoce.api.server import create_api
from vivavoce.telemetry.metrics import Metrics

KEY = "sk-test-1234567890"


def api(*, keys: tuple[str, ...] = (), page: Path | None = None, ready: bool = True) -> Starlette:
    def none_open(*_: object) -> None:
        raise AssertionError("no session is opened here")

    service = Service(none_open, Metrics())  # type: ignore[arg-type]
    more = status_routes(lambda: ready, lambda: Progress(("vad",), ("vad", "stt")))
    return create_api(service, keys=Keys.of(keys), ready=lambda: ready, models=["qwen"], page=page, more=more)


def get(
    app: Starlette, path: str, method: str = "GET", base: str = "http://localhost:8000", **headers: str
) -> httpx.Response:
    async def scene() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(scene())


def test_health_says_when_the_models_are_warm() -> None:
    assert get(api(), "/health").json()["status"] == "ok"
    cold = get(api(ready=False), "/health")
    assert cold.status_code == 503 and cold.json()["status"] == "warming_up" and cold.headers["retry-after"] == "1"


def test_the_page_learns_how_far_the_models_are_without_an_error() -> None:
    """A browser writes each 503 into its console as one."""
    cold = get(api(ready=False), "/status")
    assert cold.status_code == 200 and cold.json()["status"] == "warming_up"
    assert cold.json()["loaded"] == ["vad"] and cold.json()["of"] == ["vad", "stt"]
    assert get(api(), "/status").json()["status"] == "ok"


def test_the_official_client_lists_and_finds_models() -> None:
    async def scene() -> None:
        async with (
            serving(keys=(KEY,)) as served,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key=KEY, max_retries=0) as client,
            AsyncOpenAI(base_url=f"{served.base}/v1", api_key="sk-wrong", max_retries=0) as stranger,
        ):
            names = [model.id async for model in client.models.list()]
            assert names[0] == "own-model"
            assert {"gpt-realtime", "gpt-realtime-2.1", "gpt-4o-mini-transcribe", "whisper-1"} <= set(names)
            assert (await client.models.retrieve("gpt-realtime")).owned_by == "vivavoce"
            with pytest.raises(NotFoundError) as unknown:
                await client.models.retrieve("org/nothing")
            assert unknown.value.code == "model_not_found" and unknown.value.request_id
            with pytest.raises(AuthenticationError) as refusal:
                await stranger.models.list()
            assert refusal.value.code == "invalid_api_key" and "sk-wrong" not in str(refusal.value)

    asyncio.run(scene())


@pytest.mark.parametrize(
    "headers",
    [{"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}, {"api-key": KEY}, {"x-api-key": KEY}],
)
def test_every_way_to_send_a_key(headers: dict[str, str]) -> None:
    assert get(api(keys=(KEY, "other")), "/v1/models", **headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": f"Basic {KEY}"}, {"api-key": KEY + "x"}, {"api-key": ""}])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-realtime", "/metrics"])
def test_without_the_key_there_is_nothing_to_see(path: str, headers: dict[str, str]) -> None:
    refusal = get(api(keys=(KEY,)), path, **headers)
    assert refusal.status_code == 401
    assert refusal.json()["error"]["code"] == "invalid_api_key"
    assert refusal.json()["error"]["message"].startswith("Incorrect API key provided")


def test_health_needs_no_key() -> None:
    assert get(api(keys=(KEY,)), "/health", base="http://example.org").status_code == 200


def test_keys_are_not_kept_and_not_printed() -> None:
    keys = Keys.of([KEY])
    assert KEY not in repr(keys) and KEY.encode() not in keys.digests[0]
    assert keys.fit(KEY) and not keys.fit(None) and not keys.fit("") and Keys().fit(None)


def test_metrics_are_in_the_text_format() -> None:
    response = get(api(), "/metrics")
    assert response.headers["content-type"].startswith("text/plain") and "vivavoce_sessions_open 0.0" in response.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("POST", "/v1/chat/completions", 404, "not_found"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/realtime", 426, "upgrade_required"),
    ],
)
def test_errors_have_the_form_that_clients_read(method: str, path: str, status: int, code: str) -> None:
    response = get(api(), path, method)
    error = response.json()["error"]
    assert response.status_code == status and set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code and error["type"] == "invalid_request_error"
    assert response.headers["x-request-id"].startswith("req_")


def test_every_answer_tells_its_id_its_time_and_its_version_where_openais_clients_look() -> None:
    for path in ("/v1/models", "/v1/models/nothing", "/v1/nothing"):
        heads = get(api(), path).headers
        assert heads["x-request-id"].startswith("req_") and "request-id" not in heads
        assert heads["openai-processing-ms"].isdecimal() and heads["openai-version"] == "2020-10-01"
    theirs = get(api(), "/v1/models", **{"anthropic-version": "2023-06-01"}).headers
    assert theirs["request-id"] == theirs["x-request-id"] and "openai-version" not in theirs
    assert "openai-processing-ms" not in get(api(), "/health").headers


@pytest.mark.parametrize("headers", [{"anthropic-version": "2023-06-01"}, {"x-api-key": "any"}])
@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("POST", "/v1/messages/batches", 404, "not_found_error"),
        ("POST", "/v1/models", 405, "invalid_request_error"),
        ("GET", "/v1/models/nothing", 404, "not_found_error"),
    ],
)
def test_clients_of_anthropic_read_every_error_in_its_form(
    headers: dict[str, str], method: str, path: str, status: int, kind: str
) -> None:
    response = get(api(), path, method, **headers)
    body = response.json()
    assert (response.status_code, body["type"], body["error"]["type"]) == (status, "error", kind)
    assert body["error"]["message"] and body["request_id"] == response.headers["request-id"]


def test_a_wrong_key_is_refused_in_anthropics_form() -> None:
    response = get(api(keys=(KEY,)), "/v1/models", **{"x-api-key": "wrong"})
    assert response.status_code == 401 and response.json()["error"]["type"] == "authentication_error"


def test_a_crash_tells_nothing_but_the_id_to_quote(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: Request) -> Response:
        raise RuntimeError("my secret word")

    app = api()
    app.router.routes.append(Route("/broken", broken))
    response = get(app, "/broken")
    assert response.status_code == 500 and "secret" not in response.text
    assert response.headers["x-request-id"] in response.json()["error"]["message"]
    assert caplog.records[-1].request_id == response.headers["x-request-id"]  # type: ignore[attr-defined]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "static").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>vivavoce</title>")
    (folder / "static" / "app.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("my secret word")
    return folder


def test_the_page_may_load_only_what_this_server_serves(page: Path) -> None:
    app = api(page=page)
    index, script = get(app, "/"), get(app, "/static/app.js")
    assert index.headers["content-type"].startswith("text/html") and "vivavoce" in index.text
    assert "javascript" in script.headers["content-type"]
    for response in (index, script):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["permissions-policy"].startswith("microphone=(self)")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/..%2fsecret.txt",
        "/static//etc/passwd",
        "/static/",
    ],
)
def test_nothing_outside_the_folder_is_served(page: Path, path: str) -> None:
    response = get(api(page=page), path)
    assert response.status_code == 404 and "secret word" not in response.text


@pytest.mark.parametrize(
    ("host", "ok"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("LOCALHOST", True),
        ("voice.localhost:1", True),
        ("127.0.0.1:8000", True),
        ("127.1.2.3", True),
        ("[::1]:8000", True),
        ("", False),
        (None, False),
        ("example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("127.example.0.1", False),
        ("0.0.0.0", False),
        ("192.168.1.2:8000", False),
        ("user@localhost@example.org", False),
        ("[::1", False),
    ],
)
def test_what_counts_as_this_machine(host: str | None, ok: bool) -> None:
    assert is_loopback(host) is ok


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        (None, False),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:3000", False),
        ("https://[::1]", False),
        ("null", True),
        ("", True),
        ("https://example.org", True),
        ("file://localhost", True),
        ("http://localhost.example.org", True),
    ],
)
def test_what_counts_as_another_site(origin: str | None, foreign: bool) -> None:
    assert is_foreign(origin) is foreign


def test_a_name_pointed_at_this_machine_does_not_open_a_server_without_keys() -> None:
    """DNS rebinding: the browser believes that the page and the server are one site."""
    refusal = get(api(), "/v1/models", base="http://evil.example:8000")
    assert refusal.status_code == 403 and refusal.json()["error"]["code"] == "host_not_allowed"
    assert get(api(keys=(KEY,)), "/v1/models", base="http://voice.example", **{"api-key": KEY}).status_code == 200


def test_pages_of_other_sites_may_not_act() -> None:
    refusal = get(api(), "/v1/models", "POST", origin="https://example.org")
    assert refusal.status_code == 403 and refusal.json()["error"]["code"] == "origin_not_allowed"


def test_pages_of_other_sites_may_call_with_a_key_and_pages_of_this_machine_without() -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    there = get(api(keys=(KEY,)), "/v1/realtime/calls", "OPTIONS", Origin="https://shop.example", **asks)
    assert there.status_code == 200 and there.headers["access-control-allow-origin"] == "*"
    here = get(api(), "/v1/realtime/calls", "OPTIONS", Origin="http://localhost:5173", **asks)
    assert here.headers["access-control-allow-origin"] == "http://localhost:5173"
    elsewhere = get(api(), "/v1/realtime/calls", "OPTIONS", Origin="https://shop.example", **asks)
    assert "access-control-allow-origin" not in elsewhere.headers
