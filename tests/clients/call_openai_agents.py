"""openai-agents (Python): its realtime runner."""

from __future__ import annotations

import asyncio
import sys

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner
from speech import WEATHER, Microphone, Report

report = Report()


@function_tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    report.tool = {"city": city}
    return WEATHER


async def main(base: str) -> None:
    agent = RealtimeAgent(name="Assistant", instructions="Be kind.", tools=[get_weather])
    settings = {"model_name": "gpt-realtime", "turn_detection": {"type": "semantic_vad", "interrupt_response": True}}
    runner = RealtimeRunner(agent, config={"model_settings": settings})
    url = base.replace("http", "ws") + "/v1/realtime?model=gpt-realtime"
    session = await runner.run(model_config={"url": url, "api_key": "none"})
    async with session:
        microphone = Microphone(session.send_audio)
        speaking = asyncio.create_task(microphone.run())
        microphone.speak(1.0)
        async for event in session:
            if event.type == "audio":
                report.spoken_ms += len(event.audio.data) / 48
                if report.spoken_ms > 500 and not report.interrupted:
                    microphone.speak(0.8)
            elif event.type == "audio_interrupted":
                report.interrupted = True
            elif event.type == "error":
                report.errors.append(str(event.error))
            elif event.type == "history_updated":
                report.said = [
                    part.transcript or ""
                    for item in event.history
                    if item.type == "message" and item.role == "assistant"
                    for part in item.content
                    if part.type == "audio"
                ]
            elif event.type == "audio_end" and report.interrupted and "As you wish." in report.said:
                break
        speaking.cancel()
    report.tell()


asyncio.run(main(sys.argv[1]))
