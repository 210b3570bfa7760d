"""The certificate for https and wss: the operator's own, or one that the server signs for itself.

A browser gives its microphone to https pages only, save on the machine itself: so a phone needs this. Our own
certificate names this machine's addresses on its networks; who calls accepts it once, or installs it.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vivavoce.errors import StartupError

if TYPE_CHECKING:
    from cryptography import x509

VALID_DAYS = 397
"""Longer ones are refused by some systems."""
RENEWED_BEFORE_DAYS = 30
LOOK_EVERY = 60.0
"""Seconds between two looks at this machine's addresses, and at files that somebody else renews."""
ELSEWHERE = ("192.0.2.1", "2001:db8::1")
"""Addresses that nobody has (RFC 5737, RFC 3849): the system tells from where it would go there, and sends nothing."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files. `ours`: the server signs it, for the names of this machine."""

    file: Path
    key: Path
    ours: bool = False

    def renew(self) -> None:
        """Make ours where there is none that fits. Raises StartupError."""
        if self.ours:
            names = names_of_this_machine()
            if not _fits(self.file, self.key, names):
                _make(self.file, self.key, names)

    def check(self) -> None:
        """Raises StartupError for files that cannot serve."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.file, self.key)
        except (OSError, ssl.SSLError) as error:
            raise StartupError(
                f"The certificate {self.file} with the key {self.key} cannot be used: {error.strerror or error}.",
                "server.certificate and server.key_file must be PEM files that belong together.",
            ) from None

    @property
    def age(self) -> tuple[int, int]:
        """Differs once a file was written anew."""
        return self.file.stat().st_mtime_ns, self.key.stat().st_mtime_ns


def certificate_in(home: Path) -> Certificate:
    """Our own, which may have to be made yet."""
    return Certificate(home / "tls" / "certificate.pem", home / "tls" / "key.pem", ours=True)


async def keep_fresh(certificate: Certificate, context: ssl.SSLContext) -> None:
    """Serve new connections with a new certificate when this machine's addresses change, ours grows old, or the
    operator's files are replaced. Runs until it is cancelled."""
    age = certificate.age
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await asyncio.to_thread(certificate.renew)
            if age != certificate.age:
                certificate.check()
                context.load_cert_chain(certificate.file, certificate.key)
                age = certificate.age
        except (OSError, StartupError):
            continue  # half written, or no network just now: the one that is served goes on


def trusting(file: Path) -> ssl.SSLContext:
    """For a client that wants the holder of exactly this certificate, by whatever name it calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whoever signed it
    context.load_verify_locations(file)
    return context


# --- what this machine is called ---------------------------------------------------------------------


def names_of_this_machine() -> tuple[str, ...]:
    """Names and addresses by which callers on this machine and its networks reach it."""
    import ifaddr

    host = socket.gethostname().split(".")[0]
    names = {"localhost", host, f"{host}.local"} if _is_name(host) else {"localhost"}
    addresses = {"127.0.0.1", "::1"}
    for adapter in ifaddr.get_adapters():
        for found in adapter.ips:
            address = ipaddress.ip_address(found.ip if isinstance(found.ip, str) else found.ip[0])
            if not (address.is_link_local or address.is_multicast or address.is_loopback):
                addresses.add(str(address))
    return (*sorted(names), *sorted(addresses))


def address_on_the_network() -> str | None:
    """The address from which this machine goes out: where others on its network find it."""
    for elsewhere in ELSEWHERE:
        family = socket.AF_INET6 if ":" in elsewhere else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((elsewhere, 9))
            except OSError:
                continue
            address = str(probe.getsockname()[0])
            if not ipaddress.ip_address(address).is_loopback:
                return address
    return None


def _is_name(host: str) -> bool:
    return bool(host) and host.isascii() and host.replace("-", "").isalnum()


# --- ours --------------------------------------------------------------------------------------------


def _fits(file: Path, key: Path, names: Iterable[str]) -> bool:
    """Whether what lies there names all of `names` and is valid for a while."""
    from cryptography import x509

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ssl.SSLError, ValueError, x509.ExtensionNotFound):
        return False
    known = {str(name.value) for name in named}
    return known.issuperset(names) and certificate.not_valid_after_utc - _now() > _days(RENEWED_BEFORE_DAYS)


def _make(file: Path, key_file: Path, names: Iterable[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivavoce on this machine")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _days(1))  # clocks differ
        .not_valid_after(_now() + _days(VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)  # it can sign no other
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(key_file, key.private_bytes(pem, form, serialization.NoEncryption()), 0o600)
        _write(file, certificate.public_bytes(pem), 0o644)
    except OSError as error:
        raise StartupError(
            f"The certificate for https cannot be written to {file.parent}: {error.strerror}.",
            "Set VIVAVOCE_HOME to a folder of yours.",
        ) from None


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(file: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and at no time readable by others than `mode` says."""
    part = file.with_suffix(".new")
    part.unlink(missing_ok=True)
    part.touch(mode)
    part.write_bytes(data)
    part.replace(file)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _days(number: int) -> datetime.timedelta:
    return datetime.timedelta(days=number)
