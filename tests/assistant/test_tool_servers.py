"""Tool servers as the operator writes them down, and as clients name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivavoce.assistant.mcp_host import Address, Program
from vivavoce.assistant.tool_servers import ClientsServers, Options, operators_server
from vivavoce.conversation.hosted import ToolServer
from vivavoce.errors import RequestError, StartupError
from vivavoce.settings import entries, fill, read_settings

WRITTEN = """
[tools]
client_servers = "none"

[tools.servers.docs]
url = "https://example.org/mcp"
authorization = "xyzzy"
approval = ["write_note"]
slow = ["research"]
[tools.servers.docs.headers]
X-Key = "plugh"

[tools.servers.files]
command = "npx"
args = ["-y", "files", "/srv"]
approval = "never"
env = { TOKEN = "xyzzy" }
"""


def read(tmp_path: Path, text: str):
    (tmp_path / "vivavoce.toml").write_text(text)
    return read_settings({"paths.home": str(tmp_path)}, {})


def options(settings, label: str) -> Options:
    return fill(Options, settings.tool_servers[label], f"tools.servers.{label}")


def test_the_operator_writes_them_as_tables(tmp_path: Path) -> None:
    settings = read(tmp_path, WRITTEN)
    assert settings.tools.client_servers == "none"
    docs, files = options(settings, "docs"), options(settings, "files")
    host = operators_server("docs", docs)
    assert host.label == "docs"
    assert host._server == Address(
        "https://example.org/mcp", {"X-Key": "plugh", "Authorization": "Bearer xyzzy"}, guarded=False
    )
    assert (host._approval, host._slow) == (("write_note",), {"research"})
    program = operators_server("files", files)
    assert program._server == Program("npx", ("-y", "files", "/srv"), {"TOKEN": "xyzzy"})
    assert program._approval == "never"
    shown = str([(entry.key, entry.value) for entry in entries(settings)]) + repr(settings)
    assert "xyzzy" not in shown and "plugh" not in shown
    assert "https://example.org/mcp" in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[tools.servers.docs]\nurl = "ftp://x"', "http"),
        ("[tools.servers.docs]\nslow = []", "url or a command"),
        ('[tools.servers.docs]\nurl = "http://x"\ncommand = "y"', "either"),
        ('[tools.servers.docs]\nurll = "http://x"', "Did you mean url"),
        ('[tools.servers.vivavoce]\nurl = "http://x"', "assistant's own"),
        ('[tools.servers."a b"]\nurl = "http://x"', "letters"),
        ('[tools]\nclient_servers = "some"', "public, any, none"),
    ],
)
def test_what_does_not_fit_is_named_with_its_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(StartupError) as refusal:
        settings = read(tmp_path, text)
        for label in settings.tool_servers:
            options(settings, label)
    assert says in f"{refusal.value} {refusal.value.remedy}"


def test_a_client_reaches_what_the_operator_allows() -> None:
    server = ToolServer("docs", "http://10.0.0.7/mcp", authorization="Basic abc", headers=(("X-Key", "plugh"),))
    assert ClientsServers("public")(server)._server.guarded
    open_to_all = ClientsServers("any")(server)._server
    assert not open_to_all.guarded
    assert open_to_all.headers == {"X-Key": "plugh", "Authorization": "Basic abc"}
    with pytest.raises(RequestError, match="label"):
        ClientsServers("none")(server)
