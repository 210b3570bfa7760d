"""Hugging Face speech-to-speech: its own Realtime server, with our models behind its OpenAI-compatible stages.

    PEER_PYTHON bench/peers/s2s_peer.py --port PORT --models http://127.0.0.1:PORT/v1 --settings defaults|best \\
        --smart-turn FILE.onnx --instructions TEXT

Run by the peer's own Python, which has speech-to-speech and not vivavoce. What it would fetch while it starts comes
from its packages instead: Silero VAD from the package of that name, laid where torch.hub looks first; and where the
data of NLTK's sentence splitter are not there, the same splitter without them (it then knows no abbreviations).
"""

import argparse
import os
import sys
from pathlib import Path

HUBCONF = """\
dependencies = ["torch"]
from silero_vad import load_silero_vad


def silero_vad(onnx=False, force_onnx_cpu=False):
    return load_silero_vad(onnx=onnx), ()
"""

BEST = [
    *("--stream_batch_sentences", "1"),  # speak the first sentence at once, not three together
    *("--smart_turn_incomplete_delay_ms", "0"),  # recognise a turn at once that may not be over
    *("--smart_turn_max_wait_ms", "1000"),  # hold back the answer to such a turn for 1 s, not 2
    "--openai_tts_stream",
    "--no_enable_live_transcription",  # captions would cost a recogniser without partial results a pass each
]


def provide_vad() -> None:
    home = Path(os.environ.setdefault("TORCH_HOME", str(Path(sys.prefix) / "torch")))
    folder = home / "hub" / "snakers4_silero-vad_master"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hubconf.py").write_text(HUBCONF, encoding="utf-8")


def provide_splitter() -> None:
    import nltk
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    try:
        nltk.data.find("tokenizers/punkt_tab")
    except (LookupError, OSError):
        nltk.sent_tokenize = PunktSentenceTokenizer().tokenize
        nltk.download = lambda *names, **options: False
        print("s2s: the sentence splitter has no data and knows no abbreviations", file=sys.stderr)


def arguments(args: argparse.Namespace) -> list[str]:
    return [
        *("serve", "--port", str(args.port), "--log_level", "warning"),
        *("--stt", "openai", "--openai_stt_base_url", args.models, "--openai_stt_model", "whisper-1"),
        *("--openai_stt_api_key", "none", "--openai_stt_language", "en"),
        *("--llm_backend", "chat-completions", "--responses_api_base_url", args.models),
        *("--responses_api_api_key", "none", "--model_name", "vivavoce", "--responses_api_stream"),
        *("--tts", "openai", "--openai_tts_base_url", args.models, "--openai_tts_model", "tts-1"),
        *("--openai_tts_api_key", "none", "--openai_tts_voice", "marin"),
        *("--init_chat_prompt", args.instructions),
        *(["--smart_turn_model_path", args.smart_turn] if args.smart_turn else []),
        *(BEST if args.settings == "best" else []),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("port", "models", "settings", "instructions"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--smart-turn", default="")
    args = parser.parse_args()
    provide_vad()
    provide_splitter()
    from speech_to_speech.cli import main as run

    sys.argv = ["speech-to-speech", *arguments(args)]
    run()


if __name__ == "__main__":
    main()
