"""Talking by WebRTC from the page: a question is heard and answered, and what came out of the loudspeaker is heard
again; where WebRTC cannot be had, a WebSocket takes over."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import staged
from tests.browser.microphone import silence, speech
from tests.browser.visit import Visit
from tests.waiting import measured
from vivavoce.audio.files import read_sound
from vivavoce.audio.pcm import Pcm
from vivavoce.loading import load_engine, model_files
from vivavoce.ports import HEARING_RATE
from vivavoce.settings import EngineChoices, read_settings

Hearing = Callable[..., Browser]

ANSWER = (
    "It is sunny in Rome, and it will stay so for the rest of the week. "
    "In the evening it may become a little cooler, so take a jacket with you when you go out."
)
PATIENCE_MS = 90_000
"""The voice is a real one, on a machine that may have other things to do."""
RECORD = """
window.recorded = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  const recorder = new MediaRecorder(this.srcObject, { mimeType: "audio/webm;codecs=opus" });
  recorder.ondataavailable = ({ data }) => recorded.push(data);
  recorder.start(250);
  window.stopRecording = () => new Promise((resolve) => { recorder.onstop = resolve; recorder.stop(); });
  return play.call(this);
};
window.recording = async () => {
  await stopRecording();
  const bytes = new Uint8Array(await new Blob(recorded).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
};
"""
NO_WEBRTC = "RTCPeerConnection.prototype.createOffer = () => Promise.reject(new Error('not here'))"


WATCH_PEERS = """
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options);
    peers.push(this);
  }
};
window.loseNetwork = () => {
  const peer = peers.at(-1);
  Object.defineProperty(peer, "connectionState", { get: () => "failed" });
  peer.onconnectionstatechange();
};
"""


@pytest.fixture(scope="module")
def talking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Scripted ears and mind, a real voice."""
    pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")
    try:
        model_files(read_settings())("kokoro-82m-int8")
    except Exception as error:  # noqa: BLE001 - whatever is missing
        if os.environ.get("CI"):
            pytest.fail(f"no voice: {error}")
        pytest.skip(f"no voice: {error}")
    with staged(tmp_path_factory.mktemp("home"), heard=["the weather"], answers={"weather": ANSWER}, voice=True) as url:
        yield url


@measured
def test_a_spoken_question_is_answered_by_a_voice_that_can_be_understood(talking_server: str, hearing: Hearing) -> None:
    """It is asked again after a while, for a call that took long to be put through."""
    visit = Visit.to(hearing(*[silence(4), speech(1.2), silence(20)] * 3), talking_server, before=RECORD, webrtc=True)
    visit.press()
    visit.show_thread()
    answer = visit.page.locator(".turn.vivavoce").first
    expect(answer).to_have_attribute("data-latency-ms", re.compile(r"^\d+$"), timeout=PATIENCE_MS)
    expect(answer).to_have_attribute("data-settled", "true", timeout=PATIENCE_MS)
    visit.goes_through("speaking", "listening")
    assert visit.sent == []  # nothing went over a WebSocket
    assert {"sunny", "rome", "week"} & set(re.findall(r"\w+", understood(visit.page).lower()))
    assert visit.complaints == []


def understood(page: Page) -> str:
    sound = read_sound(base64.b64decode(page.evaluate("() => recording()")), HEARING_RATE, longest=120)
    with ThreadPoolExecutor(1) as thread:  # in this one Playwright's event loop runs
        return thread.submit(lambda: asyncio.run(transcribed(sound))).result()


async def transcribed(sound: Pcm) -> str:
    stt = load_engine("stt", EngineChoices().stt, model_files(read_settings()))
    try:
        return str((await stt.transcribe(sound)).text)
    finally:
        stt.close()


def test_an_interrupted_call_shows_what_was_heard(talking_server: str, hearing: Hearing) -> None:
    """Somebody speaks up every few seconds, so that at some time the answer sounds."""
    visit = Visit.to(hearing(*[silence(4), speech(1.2)] * 8), talking_server, webrtc=True)
    visit.press()
    visit.show_thread()
    cut = visit.page.locator('.turn.vivavoce[data-interrupted="true"]:has(.heard)')
    expect(cut.first).to_be_visible(timeout=PATIENCE_MS)
    heard = cut.first.locator(".heard").inner_text().strip()
    assert heard not in ("", ANSWER) and ANSWER.startswith(heard)


def test_without_webrtc_a_websocket_takes_over_in_silence(demo_server: str, hearing: Hearing) -> None:
    visit = Visit.to(hearing(silence(2), speech(1.0)), demo_server, before=NO_WEBRTC, webrtc=True)
    visit.press()
    visit.goes_through("listening", "speaking")
    expect(visit.page.locator("#problem")).to_have_count(0)
    assert visit.said("input_audio_buffer.append") != [] and visit.complaints == []


@measured
def test_a_call_whose_network_failed_goes_on_by_another_one(demo_server: str, hearing: Hearing) -> None:
    """Protects: the page asks for the session that it had, over WebRTC again; the thread stays as it is, with each turn
    once, and the talk goes on in it."""
    pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")
    heard = hearing(*[silence(4), speech(1.2)] * 12)
    visit = Visit.to(heard, demo_server, before=WATCH_PEERS, webrtc=True)
    answers = visit.page.locator('.turn.vivavoce[data-settled="true"]')
    visit.press()
    visit.show_thread()
    expect(answers.first).to_be_visible(timeout=PATIENCE_MS)
    assert visit.sent == []  # a machine too busy for WebRTC is no machine to lose it on
    before = answers.count()
    with visit.page.expect_response(lambda it: "/v1/realtime/calls?resume=sess_" in it.url) as answered:
        visit.page.evaluate("loseNetwork()")
    assert answered.value.status == 201
    expect(answers.nth(before)).to_be_visible(timeout=PATIENCE_MS)
    items = visit.page.locator(".turn").evaluate_all("turns => turns.map((turn) => turn.dataset.item)")
    assert visit.page.evaluate("peers.length") == 2 and len(set(items)) == len(items)
    assert visit.sent == [] and visit.complaints == []
