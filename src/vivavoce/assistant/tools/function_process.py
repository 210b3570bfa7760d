"""Runs the functions of one file of the operator's, as a process of its own (`functions.py` starts it).

    python -m vivavoce.assistant.tools.function_process FILE

Prints one line, {"tools": [...]} or {"error"}; then, for each line {"name", "arguments"} that comes in, {"result"} or
{"error"}. What the functions print themselves goes to stderr.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from vivavoce.assistant.tools.signatures import Unfit, arguments_for, described


def main() -> int:
    answers, sys.stdout = sys.stdout, sys.stderr
    try:
        functions = _functions(_imported(Path(sys.argv[1])))
        tools = [described(function) for function in functions.values()]
    except Exception as error:  # noqa: BLE001 - the file is somebody else's
        _tell(answers, {"error": _what(error)})
        return 1
    _tell(answers, {"tools": tools})
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            _tell(answers, _answer(runner, functions, json.loads(line)))
    return 0


def _imported(file: Path) -> ModuleType:
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is no Python file")
    module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Those that are defined in the file itself, and not private."""
    members = inspect.getmembers(module, inspect.isfunction)
    return {
        name: function
        for name, function in members
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def _answer(runner: asyncio.Runner, functions: dict[str, Callable[..., Any]], request: Any) -> dict[str, str]:
    try:
        function = functions[request["name"]]
        result = function(**arguments_for(function, request["arguments"]))
        if inspect.isawaitable(result):
            result = runner.run(_awaited(result))
        return {"result": result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)}
    except Unfit as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - the function is somebody else's
        return {"error": _what(error)}


async def _awaited(result: Any) -> Any:
    return await result


def _what(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _tell(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
