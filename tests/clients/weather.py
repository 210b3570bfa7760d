"""A mind and ears for calls about the weather: what they say and hear follows from the conversation alone, however
often a reply is drafted or a pause listened to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from vivavoce.audio.pcm import Pcm
from vivavoce.conversation.items import FunctionOutput, Message
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.ports import Call, Engines, Prompt, Thought, Transcription, TranscriptionHint, Urgency

ASKED, INTERRUPTED = "What is the weather in Rome?", "Stop that now."
FORECAST = (
    "It is sunny in Rome, and it will stay so for the rest of the week, with a light wind from the sea. "
    "In the evening it may become a little cooler, so take a jacket with you when you go out for dinner."
)
YIELDED = "As you wish."


@dataclass
class Weather:
    """`told`: the forecast was begun, so what the user says next cuts it off."""

    told: bool = False

    def engines(self) -> Engines:
        return replace(scripted_engines(), llm=_Mind(self), stt=_Ears(self))


class _Mind(ScriptedModel):
    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._weather = weather

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        last = prompt.items[-1] if prompt.items else None
        if isinstance(last, FunctionOutput):
            self._weather.told = True
            self.lines = [FORECAST]
        elif isinstance(last, Message) and INTERRUPTED in last.text:
            self.lines = [YIELDED]
        else:
            self.lines = [Call("get_weather", '{"city": "Rome"}')]
        async for thought in super().reply(prompt):
            yield thought


class _Ears(ScriptedTranscriber):
    def __init__(self, weather: Weather) -> None:
        super().__init__()
        self._weather = weather

    async def transcribe(
        self, speech: Pcm, hint: TranscriptionHint = TranscriptionHint(), urgency: Urgency = Urgency.NOW
    ) -> Transcription:
        self.lines = [INTERRUPTED if self._weather.told else ASKED]
        return await super().transcribe(speech, hint, urgency)
