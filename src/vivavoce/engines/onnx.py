"""Opens a network on ONNX Runtime the way this process can bear: few threads, and none that spins."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from vivavoce.errors import ModelUnavailable


def open_network(model: Path | bytes, threads: int, *, name: str = "") -> onnxruntime.InferenceSession:
    """`model`: its file or its bytes; `name`: of the model in the catalog, by default the folder of the file. Raises
    ModelUnavailable for a file that is missing or is not a network."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    # Idle threads of ONNX Runtime spin by default and starve the other runtimes.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base class
        name = name or (model.parent.name if isinstance(model, Path) else "")
        raise ModelUnavailable(
            f"The network of {name} cannot be loaded: {error}",
            f"check it with `vivavoce models verify {name}`, or remove it and pull it again",
        ) from error
