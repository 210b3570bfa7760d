"""Where the server listens, and what it shows to those who come by https or WebRTC."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import suppress
from pathlib import Path

from vivavoce.api.auth import Keys
from vivavoce.certificate import Certificate, certificate_in
from vivavoce.errors import StartupError
from vivavoce.settings import Settings
from vivavoce.webrtc.gateway import WebRtcOptions


def listen(host: str, port: int, keys: Keys) -> socket.socket:
    """A socket that listens: whoever comes before the server takes calls waits and is not refused. Raises StartupError:
    port in use, address not ours, or open to others without a key."""
    if not keys.required and not _is_loopback(host):
        raise StartupError(
            f"Without a key the server listens on this machine only, and {host} is open to others.",
            "Set VIVAVOCE_API_KEYS to a secret of your own, or leave --host at 127.0.0.1.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise StartupError(
                f"Port {port} is in use already, perhaps by another vivavoce.",
                "Choose another with --port, or --port 0 for any free one.",
            ) from None
        remedy = "Choose another --port: one above 1023." if error.errno == errno.EACCES else "Choose another --host."
        raise StartupError(f"Cannot listen on {host}, port {port}: {error.strerror}.", remedy) from None
    return listening


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def url_of(listening: socket.socket, scheme: str) -> str:
    """How this machine reaches it."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def certificate_of(settings: Settings) -> Certificate | None:
    """What https is served with, where it is. Raises StartupError."""
    file, key = settings.server.certificate, settings.server.key_file
    if file:
        certificate = Certificate(Path(file).expanduser(), Path(key or file).expanduser())
    elif settings.server.https:
        certificate = certificate_in(settings.paths.home)
    else:
        return None
    certificate.renew()
    certificate.check()
    return certificate


def webrtc_of(settings: Settings, certificate: Certificate | None) -> WebRtcOptions:
    """How callers over WebRTC are reached. Raises StartupError."""
    webrtc = settings.webrtc
    servers = [(url, "", "") for url in webrtc.stun]
    if webrtc.turn:
        servers.append((webrtc.turn, webrtc.turn_user, webrtc.turn_password.reveal()))
    ours = certificate.file if certificate else None
    return WebRtcOptions(tuple(servers), webrtc.port_range(), webrtc.public_address, ours)
