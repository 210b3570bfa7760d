"""Open WebUI: the bridge of its calls as it is published, between our server and a browser that is played here.

Of the package one file is run, `open_webui/routers/audio/realtime.py`; what it imports of the rest (accounts, chats,
settings) is answered by stand-ins. It is found where the package is installed, or in the folder that
VIVAVOCE_OPEN_WEBUI names, an unpacked wheel.
"""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import aiohttp
from speech import Microphone, Report

BRIDGE = Path("routers/audio/realtime.py")
ANSWER = "It is sunny in Rome."
REFUSED = ("bridge.error",)
report = Report()


class Gone(Exception):
    """The browser hung up."""


def module(name: str, **members: Any) -> None:
    made = sys.modules[name] = ModuleType(name)
    made.__dict__.update(members)


def returns(value: Any) -> Callable[..., Any]:
    async def call(*_: Any, **__: Any) -> Any:
        return value

    return call


def load_bridge(folder: Path, base: str) -> ModuleType:
    """The bridge, for which one user may call with one model."""
    config = {
        "audio.realtime.enabled": True,
        "audio.realtime.openai.api_base_url": f"{base}/v1",
        "audio.realtime.openai.api_key": "none",
        "audio.realtime.model": "gpt-realtime",
        "audio.realtime.voice": "marin",
        "audio.realtime.transcription_model": "gpt-4o-mini-transcribe",
        "audio.realtime.input_params": {"noise_reduction": {"type": "near_field"}},
    }
    session = aiohttp.ClientSession()
    nothing = SimpleNamespace(voice=None)
    module(
        "fastapi",
        APIRouter=lambda: SimpleNamespace(websocket=lambda path: lambda route: route),
        WebSocket=object,
        WebSocketDisconnect=Gone,
    )
    for package in ("open_webui", "open_webui.models", "open_webui.utils"):
        module(package)
    module("open_webui.config", BYPASS_ADMIN_ACCESS_CONTROL=True, DEFAULT_REALTIME_CALL_PROMPT_TEMPLATE="Be kind.")
    module(
        "open_webui.env",
        AIOHTTP_CLIENT_SESSION_SSL=None,
        BYPASS_MODEL_ACCESS_CONTROL=True,
        ENABLE_FORWARD_USER_INFO_HEADERS=False,
    )
    module("open_webui.models.chats", Chats=None)
    module("open_webui.models.config", Config=SimpleNamespace(get_many=returns(config), get=returns(True)))
    voices = SimpleNamespace(model_validate=lambda _: nothing)
    module("open_webui.models.models", Models=SimpleNamespace(get_model_by_id=returns(None)), ModelVoice=voices)
    module("open_webui.utils.access_control", has_permission=returns(True))
    user = SimpleNamespace(id="somebody", role="admin")
    module("open_webui.utils.auth", get_verified_user_by_token=returns(user))
    module("open_webui.utils.headers", get_microsoft_entra_id_access_token=None, include_user_info_headers=None)
    module("open_webui.utils.json_codec", JSONCodec=json)
    module("open_webui.utils.models", check_model_access=None, get_all_models=None)
    module("open_webui.utils.session_pool", get_session=returns(session))
    module("open_webui.utils.voice_avatar", avatar_animation_tools=None)
    spec = importlib.util.spec_from_file_location("bridge", folder / BRIDGE)
    assert spec is not None and spec.loader is not None
    bridge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bridge)
    bridge.closing = session.close  # type: ignore[attr-defined]
    return bridge


class Browser:
    """What the bridge takes for its client's WebSocket: `say` is what the page sends."""

    def __init__(self) -> None:
        self.app = SimpleNamespace(state=SimpleNamespace(MODELS={"chat": {"id": "chat"}}))
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()

    def say(self, kind: str, **fields: Any) -> None:
        self._said.put_nowait(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        while True:
            event = await self._heard.get()
            if event["type"] in REFUSED:
                report.errors.append(event["message"])
                raise Gone
            if event["type"] == kind and where(event):
                return event

    async def accept(self) -> None: ...

    async def close(self) -> None: ...

    async def receive_text(self) -> str:
        saying = asyncio.ensure_future(self._said.get())
        leaving = asyncio.ensure_future(self.gone.wait())
        await asyncio.wait([saying, leaving], return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not saying.done():
            saying.cancel()
            raise Gone
        return saying.result()

    async def send_json(self, event: dict[str, Any]) -> None:
        if event["type"] == "response.output_audio.delta":
            report.spoken_ms += len(base64.b64decode(event["delta"])) / 48
        elif event["type"] == "response.output_audio_transcript.done":
            report.said.append(event["transcript"])
        self._heard.put_nowait(event)


async def talk(browser: Browser, microphone: Microphone) -> None:
    """A question that goes to the chat model, whose answer is told, interrupted, and answered again; then a noise."""
    history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello, what can I do?"}]
    browser.say("auth", token="t", model_id="chat")
    await browser.hear("bridge.ready")
    browser.say("bridge.ping")
    await browser.hear("bridge.pong")
    browser.say("bridge.context", messages=history)
    microphone.speak(1.0)
    asked = await browser.hear("conversation.item.input_audio_transcription.completed")
    browser.say("bridge.respond", item_id=asked["item_id"])
    created = await browser.hear("response.created")
    assert created["response"]["metadata"] == {"input_item_id": asked["item_id"]}
    call = await browser.hear("response.output_item.done", lambda event: event["item"]["type"] == "function_call")
    report.tool = json.loads(call["item"]["arguments"])
    await browser.hear("response.done")
    browser.say("bridge.status", status="working")
    status = await browser.hear("response.done")
    assert status["response"]["metadata"] == {"status": "working"}
    browser.say("bridge.result", call_id=call["item"]["call_id"], status="completed", answer=ANSWER)
    browser.say("bridge.context", messages=[*history, {"role": "assistant", "content": ANSWER}])
    browser.say("bridge.respond", call_id=call["item"]["call_id"])
    told = await browser.hear("response.created")
    assert told["response"]["metadata"] == {"call_id": call["item"]["call_id"]}
    first = await browser.hear("response.output_audio.delta")
    await asyncio.sleep(0.8)
    microphone.speak(0.8)
    await browser.hear("input_audio_buffer.speech_started")
    interrupting = await browser.hear("conversation.item.input_audio_transcription.completed")
    browser.say("response.cancel", response_id=told["response"]["id"])
    ended = await browser.hear("response.done")
    report.interrupted = ended["response"]["status"] == "cancelled"
    browser.say("conversation.item.truncate", item_id=first["item_id"], content_index=0, audio_end_ms=800)
    await browser.hear("conversation.item.truncated")
    browser.say("response.cancel", response_id=told["response"]["id"])  # it has ended: no harm done
    browser.say("bridge.respond", item_id=interrupting["item_id"])
    await browser.hear("response.done")
    microphone.speak(0.5)  # of which no word is understood: the bridge takes the item out
    noise = await browser.hear("conversation.item.input_audio_transcription.completed")
    gone = await browser.hear("conversation.item.deleted")
    assert gone["item_id"] == noise["item_id"]
    browser.say("input_audio_buffer.clear")
    await browser.hear("input_audio_buffer.cleared")


async def main(base: str, folder: Path) -> None:
    logging.disable()
    bridge = load_bridge(folder, base)
    browser = Browser()

    async def push(sound: bytes) -> None:
        if talking.is_set():
            browser.say("input_audio_buffer.append", audio=base64.b64encode(sound).decode())

    talking = asyncio.Event()
    serving = asyncio.create_task(bridge.realtime_call(browser))
    microphone = Microphone(push)
    speaking = asyncio.create_task(microphone.run())
    original = browser.send_json

    async def send_json(event: dict[str, Any]) -> None:
        if event["type"] == "bridge.ready":
            talking.set()
        await original(event)

    browser.send_json = send_json  # type: ignore[method-assign]
    try:
        await talk(browser, microphone)
    except Gone:
        pass
    except AssertionError as error:
        report.errors.append(f"assertion: {error}")
    finally:
        speaking.cancel()
        browser.gone.set()
        await serving
        await bridge.closing()
    report.tell()


def found() -> Path | None:
    """The folder of the package."""
    if named := os.environ.get("VIVAVOCE_OPEN_WEBUI"):
        return Path(named) / "open_webui"
    spec = importlib.util.find_spec("open_webui")
    return None if spec is None or not spec.submodule_search_locations else Path(spec.submodule_search_locations[0])


if __name__ == "__main__":
    folder = found()
    if folder is None or not (folder / BRIDGE).exists():
        print("NOT INSTALLED", flush=True)
    else:
        asyncio.run(main(sys.argv[1], folder))
