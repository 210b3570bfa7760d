"""A browser's own telephone keys: Chromium's RTCDTMFSender over a call from a page of anybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.microphone import silence

CALL = """
async ([base, keys]) => {
  const peer = new RTCPeerConnection();
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const sender = peer.addTrack(microphone.getTracks()[0], microphone);
  const channel = peer.createDataChannel("oai-events");
  const told = [];
  const opened = new Promise((resolve) => { channel.onopen = resolve; });
  channel.onmessage = ({ data }) => told.push(JSON.parse(data));
  await peer.setLocalDescription();
  const headers = { "Content-Type": "application/sdp" };
  const answer = await fetch(`${base}/v1/realtime/calls`, { method: "POST", body: peer.localDescription.sdp, headers });
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  await opened;
  const until = async (done) => {
    for (let tries = 0; !done() && tries < 400; tries++) await new Promise((go) => setTimeout(go, 50));
  };
  await until(() => sender.dtmf.canInsertDTMF);
  const pressed = () => told.filter(({ type }) => type === "input_audio_buffer.dtmf_event_received");
  for (const [some, duration] of keys) {
    const expected = pressed().length + some.length;
    sender.dtmf.insertDTMF(some, duration, 70);
    await until(() => pressed().length >= expected && sender.dtmf.toneBuffer === "");
  }
  await new Promise((go) => setTimeout(go, 500));
  peer.close();
  return pressed();
}
"""


def test_each_key_is_told_once_also_one_that_is_held(demo_server: str, hearing: Callable[..., Browser]) -> None:
    """A key held for three seconds takes several time stamps at Opus's 48 kHz: RFC 4733's long events."""
    pytest.importorskip("aiortc", reason="pip install 'vivavoce[media]'")
    page = hearing(silence(5)).new_page()
    page.goto(f"{demo_server}/health")
    told: list[dict[str, Any]] = page.evaluate(CALL, [demo_server, [["159#*0", 100], ["7", 3000], ["77", 40]]])
    assert "".join(event["event"] for event in told) == "159#*0777"
