"""`vivavoce serve --demo` with a script of the test's own: what is heard, and what is answered to which words.

`STAGE` in the environment is JSON: `heard`, the user's spoken words in turn; `answers`, from words to what is said to
them (text, or a call as `{"name", "arguments"}`); `voice`: speak with the real voice, not with tones.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any

from vivavoce.app import house
from vivavoce.cli import main
from vivavoce.conversation.items import FunctionOutput, Message
from vivavoce.engines.scripted import ScriptedModel, ScriptedTranscriber, scripted_engines
from vivavoce.loading import load_engine, model_files
from vivavoce.ports import Call, Engines, Prompt, Thought
from vivavoce.settings import EngineChoices, Settings

AFTER_A_TOOL = "There it is."
OTHERWISE = "Well then."


class StagedModel(ScriptedModel):
    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__()
        self._answers = answers

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Thought, None]:
        self.lines = [self._answer(prompt)]
        async for thought in super().reply(prompt):
            yield thought

    def _answer(self, prompt: Prompt) -> str | Thought:
        last = prompt.items[-1] if prompt.items else None
        if isinstance(last, FunctionOutput):
            return f"{AFTER_A_TOOL} {last.output}"
        text = last.text if isinstance(last, Message) else ""
        answer = next((answer for words, answer in self._answers.items() if words in text), OTHERWISE)
        return answer if isinstance(answer, str) else Call(answer["name"], json.dumps(answer["arguments"]))


def engines(settings: Settings) -> Engines:
    stage = json.loads(os.environ["STAGE"])
    made = scripted_engines(
        stt=ScriptedTranscriber(stage.get("heard", ["Hello"])), llm=StagedModel(stage.get("answers", {}))
    )
    if not stage.get("voice"):
        return made
    return replace(made, tts=load_engine("tts", EngineChoices().tts, model_files(settings)))


if __name__ == "__main__":
    vars(house)["demo_engines"] = engines
    sys.exit(main())
