"""`vivavoce serve`: the server with its page, until Ctrl-C.

For this machine, and for a phone on its network, which reads the address with its camera:

  vivavoce serve
  VIVAVOCE_API_KEYS=a-secret vivavoce serve --host 0.0.0.0 --https

Everything else is a setting: see `vivavoce settings`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from vivavoce.settings import Settings


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("serve", help="start the server and its page", description=__doc__)
    parser.add_argument(
        "--host", help="address to listen on (default 127.0.0.1; 0.0.0.0: all; any but loopback needs a key)"
    )
    parser.add_argument("--port", type=int, help="port to listen on (default 8990; 0: a free one)")
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        help="key that clients must show; VIVAVOCE_API_KEYS gives it unseen by others on this machine",
    )
    parser.add_argument("--https", action="store_true", help="https and wss, so that phones allow the microphone")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    parser.add_argument(
        "--demo",
        action="store_true",
        help="scripted engines, which need no models and think nothing: to try page and clients with",
    )
    parser.add_argument("--demo-delay", type=int, metavar="MS", help="how long the scripted engines take to answer")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import asyncio

    from vivavoce.app import serve
    from vivavoce.settings import can_show_pages, read_settings

    settings = read_settings(
        {
            "server.host": args.host,
            "server.port": args.port,
            "server.keys": args.api_key,
            "server.https": args.https or None,
            "demo.delay_ms": args.demo_delay,
        }
    )
    open_page = can_show_pages() and not args.no_browser

    def on_ready(url: str) -> None:
        _say(next_steps(url, settings))
        if open_page:
            _open(url)

    try:
        with asyncio.Runner(loop_factory=_quick_loop()) as runner:
            runner.run(serve(settings, demo=args.demo, say=_say, on_ready=on_ready))
    except KeyboardInterrupt:
        pass  # Ctrl-C is how a server is meant to end
    return 0


def _quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it exists; None: Python's own."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop


def next_steps(url: str, settings: Settings) -> str:
    """What a person can do now, with addresses to copy."""
    key = "" if not settings.server.keys else "   (show a key: VIVAVOCE_API_KEY, or Authorization: Bearer …)"
    return (
        f"\nvivavoce is ready.{key}\n"
        f"  in the browser     {url}/\n"
        f"  in a terminal      vivavoce talk --url {url}\n"
        f"  for OpenAI clients base_url={url}/v1\n"
        f"  to stop            Ctrl-C\n"
        f"{for_phones(url, settings.server.host)}"
    )


def for_phones(url: str, host: str) -> str:
    """How a phone opens the page, where the server is open to others: its camera reads the address. Never the key,
    which would stay in the phone's history: the page asks for it."""
    import ipaddress
    from urllib.parse import urlsplit

    from vivavoce.certificate import address_on_the_network

    scheme, port = urlsplit(url).scheme, urlsplit(url).port
    with suppress(ValueError):
        listening = ipaddress.ip_address(host)
        address = address_on_the_network() if listening.is_unspecified else host
        if listening.is_loopback or address is None:
            return ""
        page = f"{scheme}://[{address}]:{port}/" if ":" in address else f"{scheme}://{address}:{port}/"
        if scheme == "http":
            return f"  on your network    {page}   (phones allow the microphone only with --https)\n"
        return (
            f"  on a phone         {page}\n{_qr_code(page)}"
            "  Accept the certificate, which this machine signed itself; the page then asks for the key.\n"
        )
    return ""


def _qr_code(text: str) -> str:
    """For a person before a terminal; in a log it would be noise."""
    if not sys.stdout.isatty():
        return ""
    import io

    import segno

    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()


def _say(line: str) -> None:
    print(line, flush=True)


def _open(url: str) -> None:
    """Open the page in the background: a browser may take its time, and the server must not wait."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
