"""Which addresses of the network a server may call because somebody told it to.

A page's address comes from a person, a model or another page. It must not lead to this machine, its network, or the
metadata service of a cloud: the name is looked up once, every address it has must be a public one, and the connection
is made to exactly the address that was looked at, so that a second look-up cannot say otherwise.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from vivavoce.errors import RequestError

PORTS = {"http": 80, "https": 443}
LONGEST = 2_048
LOOK_UP_WITHIN = 5.0
"""Seconds."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. `address`: what to connect to; `host`: what to ask there for, and whose certificate it must
    show."""

    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def pinned(self) -> str:
        """The URL with the address in place of the name."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


async def target_of(url: str, *, private: bool = False) -> Target:
    """Look up where `url` leads. `private`: the operator allows addresses of this machine and its network. Raises
    RequestError."""
    parts = _parts(url)
    host = (parts.hostname or "").rstrip(".")
    port = _port(parts)
    addresses = await _addresses(host, port)
    if not private and not all(map(is_public, addresses)):
        raise _refused(f"{host} is an address of this machine or its network")
    path = parts.path or "/"
    return Target(parts.scheme, host, port, str(addresses[0]), f"{path}?{parts.query}" if parts.query else path)


def is_public(address: Address) -> bool:
    """Whether anybody on the internet may be meant. Addresses that wrap another are judged by that."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _nat64(address)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in ipaddress.IPv6Network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        raise _refused("that is no address of a page") from None
    if parts.scheme not in PORTS or not host or len(url) > LONGEST or not url.isprintable():
        raise _refused("an address begins with https:// or http:// and names a host")
    if parts.username or parts.password:
        raise _refused("an address with a name and a password in it is not used")
    return parts


def _port(parts: SplitResult) -> int:
    """Services other than web servers listen below 1024, and some of them do what a line of HTTP says."""
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise _refused("its port is no number of a port") from None
    if port not in PORTS.values() and port < 1024:
        raise _refused(f"no page is read from port {port}")
    return port


async def _addresses(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOK_UP_WITHIN):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    except (OSError, UnicodeError, ValueError, TimeoutError):
        raise _refused(f"there is no host {host}") from None


def _refused(why: str) -> RequestError:
    return RequestError(f"The page cannot be read: {why}.", param="url", code="invalid_url")
