"""`/v1/vivavoce/memories` and `/v1/vivavoce/profile`: what the assistant knows of the person whose key is shown, for
them to see, change and take away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.api.auth import Keys, locked
from vivavoce.api.body import read_object
from vivavoce.api.fields import Fields, invalid
from vivavoce.assistant.memory import Knowledge
from vivavoce.assistant.personas import personas
from vivavoce.assistant.places import is_zone
from vivavoce.conversation.keepsakes import Memory, Persona, Profile

LONGEST_NAME = 80
LONGEST_INSTRUCTIONS = 1_500
LONGEST_DESCRIPTION = 200
MOST_PERSONAS = 20


def memory_routes(knowledge: Knowledge, keys: Keys) -> list[Route]:
    async def listed(request: Request) -> Response:
        owner, query = keys.owner(request), request.query_params.get("query", "").strip()
        memories = await knowledge.find(owner, query) if query else (await knowledge.all(owner))[::-1]
        return JSONResponse({"object": "list", "data": [wire_memory(memory) for memory in memories], "has_more": False})

    async def create(request: Request) -> Response:
        text = (await read_object(request)).need_text("text", "give what is to be remembered")
        return JSONResponse(wire_memory(await knowledge.keep(keys.owner(request), text, "written")))

    async def change(request: Request) -> Response:
        text = (await read_object(request)).need_text("text", "give what is to be remembered")
        return JSONResponse(wire_memory(await knowledge.edit(keys.owner(request), request.path_params["id"], text)))

    async def forget(request: Request) -> Response:
        memory = await knowledge.get(keys.owner(request), request.path_params["id"])
        await knowledge.forget(keys.owner(request), [memory.id])
        return JSONResponse({"id": memory.id, "object": "vivavoce.memory.deleted", "deleted": True})

    async def forget_all(request: Request) -> Response:
        owner = keys.owner(request)
        gone = await knowledge.forget(owner, [memory.id for memory in await knowledge.all(owner)])
        return JSONResponse({"object": "vivavoce.memories.deleted", "deleted": gone})

    one, all_of_them = "/v1/vivavoce/memories/{id}", "/v1/vivavoce/memories"
    return [
        Route(all_of_them, locked(keys, listed), methods=["GET"]),
        Route(all_of_them, locked(keys, create), methods=["POST"]),
        Route(all_of_them, locked(keys, forget_all), methods=["DELETE"]),
        Route(one, locked(keys, change), methods=["PATCH"]),
        Route(one, locked(keys, forget), methods=["DELETE"]),
    ]


def profile_routes(knowledge: Knowledge, keys: Keys) -> list[Route]:
    async def retrieve(request: Request) -> Response:
        return JSONResponse(wire_profile(await knowledge.profile(keys.owner(request))))

    async def change(request: Request) -> Response:
        owner = keys.owner(request)
        profile = read_profile(await read_object(request), await knowledge.profile(owner))
        await knowledge.change_profile(owner, profile)
        return JSONResponse(wire_profile(profile))

    return [
        Route("/v1/vivavoce/profile", locked(keys, retrieve), methods=["GET"]),
        Route("/v1/vivavoce/profile", locked(keys, change), methods=["PATCH"]),
    ]


def wire_memory(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.id,
        "object": "vivavoce.memory",
        "text": memory.text,
        "source": memory.source,
        "said": memory.said,
        "conversation_id": memory.conversation or None,
        "created_at": int(memory.created),
        "updated_at": int(memory.updated),
    }


def wire_profile(profile: Profile) -> dict[str, Any]:
    """With all personas there are to choose from; `own`: it is the person's, and may be changed."""
    own = {persona.name for persona in profile.personas}
    return {
        "object": "vivavoce.profile",
        "name": profile.name,
        "instructions": profile.instructions,
        "persona": profile.persona,
        "memory": profile.remembers,
        "time_zone": profile.time_zone,
        "keep_audio": profile.keep_audio,
        "personas": [
            {
                "name": persona.name,
                "description": persona.description,
                "instructions": persona.instructions,
                "own": persona.name in own,
            }
            for persona in personas(profile)
        ],
    }


def read_profile(fields: Fields, now: Profile) -> Profile:
    """`now` with what `fields` says otherwise. `personas`: all of the person's own; those of ours may be sent back
    unchanged. Raises RequestError."""
    own = fields.array("personas", _read_persona, most=MOST_PERSONAS)
    if own is not None:
        now = replace(now, personas=tuple(persona for persona in own if persona not in personas(Profile())))
    after = replace(
        now,
        name=_text(fields, "name", now.name, LONGEST_NAME),
        instructions=_text(fields, "instructions", now.instructions, LONGEST_INSTRUCTIONS),
        persona=_text(fields, "persona", now.persona, LONGEST_NAME),
        remembers=fields.flag("memory", now.remembers),
        time_zone=_text(fields, "time_zone", now.time_zone, LONGEST_NAME),
        keep_audio=fields.flag("keep_audio", now.keep_audio),
    )
    known = [persona.name for persona in personas(after)]
    if after.persona and after.persona not in known:
        raise invalid("persona", f'be "" or one of {", ".join(known)}', after.persona)
    if after.time_zone and not is_zone(after.time_zone):
        raise invalid("time_zone", 'be "" or a zone such as Europe/Rome', after.time_zone)
    return after


def _read_persona(value: Any, path: str) -> Persona:
    fields = Fields(value, path)
    name = " ".join(fields.need_text("name", "give the persona's name").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise invalid(fields.at("name"), f"have 1 to {LONGEST_NAME} characters", name)
    instructions = _text(fields, "instructions", "", LONGEST_INSTRUCTIONS)
    if not instructions:
        raise invalid(fields.at("instructions"), "say how to be")
    return Persona(name, instructions, _text(fields, "description", "", LONGEST_DESCRIPTION))


def _text(fields: Fields, name: str, now: str, longest: int) -> str:
    text = fields.text(name, now).strip()
    if len(text) > longest:
        raise invalid(fields.at(name), f"have at most {longest} characters", text)
    return text
