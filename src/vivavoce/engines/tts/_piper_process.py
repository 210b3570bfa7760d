"""The process in which Piper lives: `python _piper_process.py VOICE.onnx CONFIG.json THREADS`.

piper-tts is GPL-3 and stays apart: this script imports nothing of vivavoce, and nothing of vivavoce imports it; the two
exchange bytes. Once loaded it writes a line of JSON, {"rate": Hz}. A request is a 4-byte little-endian length and that
much JSON, {"text": str, "speed": number}. The answer is a row of chunks, each a 4-byte length and 16-bit little-endian
mono sound, ended by a length of 0; a length of 0xFFFFFFFF says that it failed, and a last length and that much text
why. It ends when its input does.
"""

import json
import struct
import sys
from importlib import import_module
from typing import Any, BinaryIO

FAILED = 0xFFFFFFFF


def main() -> None:
    model, config, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not get among the sound
    voice = load(model, config, threads)
    sink.write(json.dumps({"rate": voice.config.sample_rate}).encode() + b"\n")
    sink.flush()
    while (request := read_request(source)) is not None:
        answer(voice, request, sink)


def load(model: str, config: str, threads: int) -> Any:
    import onnxruntime

    voice = import_module("piper").PiperVoice.load(model, config)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    voice.session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    return voice


def read_request(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    request: dict[str, Any] = json.loads(source.read(struct.unpack("<I", head)[0]))
    return request


def answer(voice: Any, request: dict[str, Any], sink: BinaryIO) -> None:
    config = import_module("piper").SynthesisConfig(length_scale=1 / request["speed"])
    try:
        for chunk in voice.synthesize(request["text"], config):
            if chunk.audio_int16_bytes:
                write(sink, chunk.audio_int16_bytes)
    except Exception as error:  # noqa: BLE001 - told to the other side, which raises it
        sink.write(struct.pack("<I", FAILED))
        write(sink, f"{type(error).__name__}: {error}".encode())
        return
    write(sink, b"")


def write(sink: BinaryIO, chunk: bytes) -> None:
    sink.write(struct.pack("<I", len(chunk)) + chunk)
    sink.flush()


if __name__ == "__main__":
    main()
