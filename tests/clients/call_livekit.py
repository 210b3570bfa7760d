"""LiveKit Agents: its OpenAI realtime plugin, without a room."""

from __future__ import annotations

import asyncio
import json
import sys

from livekit import rtc
from livekit.agents import llm
from livekit.plugins.openai import realtime
from openai.types.beta.realtime.session import TurnDetection
from speech import RATE, TOOL, WEATHER, Microphone, Report

report = Report()


async def main(base: str) -> None:
    model = realtime.RealtimeModel(
        base_url=f"{base}/v1",
        api_key="none",
        turn_detection=TurnDetection(type="semantic_vad", interrupt_response=True),
    )
    session = model.session()
    generations: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue()
    playing: list[str] = []
    session.on("generation_created", generations.put_nowait)
    session.on("error", lambda error: report.errors.append(str(error.error)))
    session.on("input_speech_started", lambda _: interrupted(session, playing))
    await session.update_instructions("Be kind.")

    async def get_weather(raw_arguments: dict) -> str:
        return WEATHER

    await session.update_tools([llm.function_tool(get_weather, raw_schema={"type": "function", **TOOL})])

    async def push(data: bytes) -> None:
        session.push_audio(rtc.AudioFrame(data, RATE, 1, len(data) // 2))

    microphone = Microphone(push)
    speaking = asyncio.create_task(microphone.run())
    microphone.speak(1.0)
    while "As you wish." not in report.said:
        generation = await generations.get()
        await asyncio.gather(calls(session, generation), messages(generation, microphone, playing))
    speaking.cancel()
    await session.aclose()
    await model.aclose()
    report.tell()


def interrupted(session: realtime.RealtimeSession, playing: list[str]) -> None:
    if playing:
        report.interrupted = True
        session.interrupt()
        session.truncate(message_id=playing.pop(), modalities=["audio"], audio_end_ms=round(report.spoken_ms))


async def calls(session: realtime.RealtimeSession, generation: llm.GenerationCreatedEvent) -> None:
    async for call in generation.function_stream:
        report.tool = json.loads(call.arguments)
        context = session.chat_ctx.copy()
        context.items.append(
            llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output=WEATHER, is_error=False)
        )
        await session.update_chat_ctx(context)
        session.generate_reply()


async def messages(generation: llm.GenerationCreatedEvent, microphone: Microphone, playing: list[str]) -> None:
    async for message in generation.message_stream:
        playing[:] = [message.message_id]
        words = asyncio.create_task(collected(message.text_stream))
        spoken = 0.0
        async for frame in message.audio_stream:
            spoken += frame.samples_per_channel * 1000 / frame.sample_rate
            if not report.interrupted:
                report.spoken_ms = spoken
            if spoken > 500 and not report.interrupted:
                microphone.speak(0.8)
        report.said.append(await words)


async def collected(stream) -> str:
    return "".join([str(text) async for text in stream])


asyncio.run(main(sys.argv[1]))
