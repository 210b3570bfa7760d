"""How a response ended, as the wire tells it: its status, and what it took."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from vivavoce.conversation.events import Latency, ResponseEnded, Usage

Wire = dict[str, Any]


def wire_status(event: ResponseEnded, *, limited: bool) -> tuple[str, Wire | None]:
    """`status` and `status_details`. `limited`: the limits of its key do not allow it."""
    match event.how:
        case "finished":
            return "completed", None
        case "interrupted":
            reason = "turn_detected" if event.reason in ("barge_in", "reopened") else "client_cancelled"
            return "cancelled", {"type": "cancelled", "reason": reason}
        case "incomplete":
            return "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}
        case "failed":
            message = event.error or "The response could not be made; ask again."
            kind, code = ("rate_limit_error", "rate_limit_exceeded") if limited else ("server_error", "response_failed")
            error = {"type": kind, "code": code, "message": message}
            return "failed", {"type": "failed", "error": error}


def wire_usage(usage: Usage) -> Wire:
    taken, given = usage.input_text + usage.input_audio, usage.output_text + usage.output_audio
    return {
        "total_tokens": taken + given,
        "input_tokens": taken,
        "output_tokens": given,
        "input_token_details": {
            "text_tokens": usage.input_text,
            "audio_tokens": usage.input_audio,
            "image_tokens": 0,
            "cached_tokens": usage.cached,
            "cached_tokens_details": {"text_tokens": usage.cached, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": usage.output_text, "audio_tokens": usage.output_audio},
    }


def wire_latency(latency: Latency) -> Wire:
    return {name: None if value is None else round(value, 1) for name, value in asdict(latency).items()}
