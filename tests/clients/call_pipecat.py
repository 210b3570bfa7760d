"""Pipecat: its OpenAI realtime service in a pipeline of its own."""

from __future__ import annotations

import asyncio
import sys

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from speech import RATE, TOOL, WEATHER, Microphone, Report

report = Report()


class Listener(FrameProcessor):
    """Stands where the transport would: hears what the assistant says."""

    def __init__(self, microphone: Microphone, done: asyncio.Event) -> None:
        super().__init__()
        self._microphone, self._done = microphone, done

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            report.spoken_ms += len(frame.audio) / 48
            if report.spoken_ms > 500 and not report.interrupted:
                self._microphone.speak(0.8)
        elif isinstance(frame, InterruptionFrame) and report.spoken_ms:
            report.interrupted = True
        elif isinstance(frame, ErrorFrame):
            report.errors.append(frame.error)
        elif isinstance(frame, TTSTextFrame):
            report.said.append(frame.text)
            if "wish." in "".join(report.said):
                self._done.set()
        await self.push_frame(frame, direction)


async def main(base: str) -> None:
    url = base.replace("http", "ws") + "/v1/realtime"
    turns = events.SemanticTurnDetection(type="semantic_vad", interrupt_response=True)
    heard = events.AudioInput(turn_detection=turns)
    properties = events.SessionProperties(audio=events.AudioConfiguration(input=heard))
    service = OpenAIRealtimeLLMService(
        api_key="none", base_url=url, settings=OpenAIRealtimeLLMService.Settings(session_properties=properties)
    )

    async def get_weather(params) -> None:
        report.tool = dict(params.arguments)
        await params.result_callback({"weather": WEATHER})

    service.register_function("get_weather", get_weather)
    schema = FunctionSchema(
        TOOL["name"], TOOL["description"], TOOL["parameters"]["properties"], TOOL["parameters"]["required"]
    )
    context = LLMContext([{"role": "developer", "content": "Be kind."}], ToolsSchema([schema]))
    pair = LLMContextAggregatorPair(context)
    done = asyncio.Event()

    async def push(data: bytes) -> None:
        await task.queue_frame(InputAudioRawFrame(data, RATE, 1))

    microphone = Microphone(push)
    pipeline = Pipeline([pair.user(), service, Listener(microphone, done), pair.assistant()])
    task = PipelineTask(pipeline, params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    await task.queue_frame(LLMContextFrame(context))
    await asyncio.sleep(1.5)
    speaking = asyncio.create_task(microphone.run())
    microphone.speak(1.0)
    await done.wait()
    speaking.cancel()
    await task.queue_frame(EndFrame())
    await running
    report.tell()


asyncio.run(main(sys.argv[1]))
