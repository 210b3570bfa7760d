"""Kokoro's 54 voices, and whose voice answers to which name."""

from __future__ import annotations

from vivavoce.ports import Voice

_LANGUAGES = {"a": "en", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt", "z": "zh"}
_PLACES = {"a": "American", "b": "British"}
_IDS = (
    "af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky am_adam am_echo"
    " am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa bf_alice bf_emma bf_isabella bf_lily bm_daniel"
    " bm_fable bm_george bm_lewis ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola"
    " jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa zf_xiaobei zf_xiaoni zf_xiaoxiao"
    " zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang".split()
)
_BEST = {
    "en": {"f": "af_heart", "m": "am_michael"},
    "es": {"f": "ef_dora", "m": "em_alex"},
    "fr": {"f": "ff_siwis", "m": "ff_siwis"},
    "hi": {"f": "hf_alpha", "m": "hm_omega"},
    "it": {"f": "if_sara", "m": "im_nicola"},
    "ja": {"f": "jf_alpha", "m": "jm_kumo"},
    "pt": {"f": "pf_dora", "m": "pm_alex"},
    "zh": {"f": "zf_xiaoxiao", "m": "zm_yunxi"},
}
"""Of each language the voice graded highest by its makers, by gender."""
_ALIASES = {
    "alloy": "af_alloy", "ash": "am_michael", "ballad": "bm_fable", "cedar": "am_puck", "coral": "af_bella",
    "echo": "am_echo", "fable": "bm_fable", "marin": "af_heart", "nova": "af_nova", "onyx": "am_onyx",
    "sage": "af_sarah", "shimmer": "af_sky", "verse": "am_fenrir",
    "beacon": "am_eric", "bossa": "af_river", "cinder": "am_adam", "delta": "am_liam", "gleam": "af_jessica",
    "meridian": "bm_george", "quartz": "bf_emma", "ripple": "af_kore", "shida": "af_aoede", "stone": "bm_daniel",
    "tempo": "bm_lewis", "vesper": "bf_isabella", "willow": "bf_lily",
}  # fmt: skip
"""OpenAI's names for its Realtime, speech and Live voices."""


def _described(voice: str) -> str:
    place = _PLACES.get(voice[0])
    return ", ".join(filter(None, (voice[3:].capitalize(), place, "female" if voice[1] == "f" else "male")))


VOICES = tuple(Voice(voice, _LANGUAGES[voice[0]], _described(voice)) for voice in _IDS)


def language_of_voice(voice: str) -> str:
    return _LANGUAGES[voice[0]]


def choose(name: str, language: str | None, default: str) -> str:
    """The voice that speaks: `name`, or what OpenAI's name stands for, or the default; of the text's language if
    Kokoro speaks it, of the same gender where there is one."""
    name = name.strip().lower()
    voice = name if name in _IDS else _ALIASES.get(name, default)
    language = (language or "")[:2].lower()
    if language not in _BEST or language == language_of_voice(voice):
        return voice
    return _BEST[language][voice[1]]
