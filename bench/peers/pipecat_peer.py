"""Pipecat on the wire of `vivavoce bench peers`: its own WebSocket transport, VAD, Smart Turn and OpenAI services.

    PEER_PYTHON bench/peers/pipecat_peer.py --port PORT --models http://127.0.0.1:PORT/v1 --settings defaults|best

Run by the peer's own Python, which has pipecat-ai and not vivavoce. Each connection has a pipeline of its own.
"""

import argparse
import asyncio
import sys

from loguru import logger
from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import Frame, InputAudioRawFrame, InterruptionFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

HEARD_RATE, SPOKEN_RATE = 16_000, 24_000


class Wire(FrameSerializer):
    """Bare 16-bit PCM both ways, and the word "flush" when the user interrupts."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        if isinstance(frame, OutputAudioRawFrame):
            return frame.audio
        return "flush" if isinstance(frame, InterruptionFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        return InputAudioRawFrame(data, HEARD_RATE, 1) if isinstance(data, bytes) else None


def transport(args: argparse.Namespace) -> SingleClientWebsocketServerTransport:
    sizes = {"audio_out_10ms_chunks": 2} if args.settings == "best" else {}
    params = SingleClientWebsocketServerParams(
        audio_in_enabled=True, audio_out_enabled=True, serializer=Wire(), allowed_origins=[], **sizes
    )
    return SingleClientWebsocketServerTransport(params=params, host="127.0.0.1", port=args.port)


def turns(args: argparse.Namespace) -> LLMUserAggregatorParams:
    """Defaults: Silero, 0.2 s of quiet, then Smart Turn, and 3 s when that doubts. Best: 0.1 s and 1 s."""
    if args.settings == "defaults":
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    stop = TurnAnalyzerUserTurnStopStrategy(
        turn_analyzer=LocalSmartTurnAnalyzerV3(params=SmartTurnParams(stop_secs=1.0))
    )
    return LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=0.1)),
        user_turn_strategies=UserTurnStrategies(stop=[stop]),
    )


def services(args: argparse.Namespace) -> tuple[OpenAISTTService, OpenAILLMService, OpenAITTSService]:
    server = {"api_key": "none", "base_url": args.models}
    # how long the last words may take to be recognised: by default what the vendor's own cloud took
    slowest = {"ttfs_p99_latency": 0.5} if args.settings == "best" else {}
    return (
        OpenAISTTService(**server, **slowest, settings=OpenAISTTService.Settings(model="whisper-1")),
        OpenAILLMService(
            **server, settings=OpenAILLMService.Settings(model="vivavoce", system_instruction=args.instructions)
        ),
        OpenAITTSService(**server, settings=OpenAITTSService.Settings(model="tts-1", voice="marin")),
    )


async def converse(args: argparse.Namespace) -> None:
    """One conversation, from connection to disconnection."""
    wire, (stt, llm, tts) = transport(args), services(args)
    pair = LLMContextAggregatorPair(LLMContext(), user_params=turns(args))
    pipeline = Pipeline([wire.input(), stt, pair.user(), llm, tts, wire.output(), pair.assistant()])
    rates = PipelineParams(audio_in_sample_rate=HEARD_RATE, audio_out_sample_rate=SPOKEN_RATE)
    worker = PipelineWorker(pipeline, params=rates, enable_rtvi=False)

    greeted = False

    @wire.event_handler("on_client_connected")
    async def on_connected(_transport: object, socket: object) -> None:
        nonlocal greeted
        if greeted:  # this pipeline is being put away; the next one answers at the same address
            await socket.close()
            return
        greeted = True
        await socket.send("ready")

    @wire.event_handler("on_client_disconnected")
    async def on_disconnected(_transport: object, _socket: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


async def main() -> None:
    logger.remove()
    logger.add(sys.stderr, level="WARNING")  # by default every frame of note is written down
    parser = argparse.ArgumentParser()
    for name in ("port", "models", "settings", "instructions"):
        parser.add_argument(f"--{name}", required=True, type=int if name == "port" else str)
    args = parser.parse_known_args()[0]
    while True:
        await converse(args)


if __name__ == "__main__":
    asyncio.run(main())
