"""Where a name leads, as far as strangers may send us there: to the public internet and nowhere into our own network.

Whoever may choose an address that we call could otherwise reach what only we can: a metadata server, a database
(OWASP, "Server-Side Request Forgery Prevention"). The addresses that are checked are those that are connected to:
asked twice, a name may lead elsewhere the second time.
"""

import re
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host; OSError where there is none."""

_UNICAST: Final = IPv6Network("2000::/3")
"""All that is given out on the internet."""

_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052)."""


_SPECIAL: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")))
"""What the IANA keeps for protocols and examples, clouds for metadata servers, and `is_global` of one Python or another
takes for public (https://www.iana.org/assignments/iana-ipv4-special-registry). 6to4 and Teredo lead on to any IPv4."""


_NUMBERS: Final = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)


class NotPublic(Exception):
    """A host leads, with one of its addresses at least, into a network that is not the public internet."""


def resolved(host: str, port: int) -> Sequence[str]:
    """What the machine's resolver says, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def checked_addresses(host: str, port: int, *, resolve: Resolve, loopback: bool) -> Sequence[str]:
    """The addresses to connect to, with `loopback` this very machine's as well.

    Raises NotPublic if a single one is neither, and OSError where the host has none.
    """
    addresses = resolve(host, port)
    if not addresses:
        raise OSError(host)
    for each in addresses:
        if not (is_public(each) or (loopback and is_loopback(each))):
            raise NotPublic
    return addresses


def is_literally_private(host: str) -> bool:
    """Whether a host is itself an IP address, however it is written, and none of the public internet."""
    try:
        address = str(ip_address(host.partition("%")[0]))
    except ValueError:
        if not _NUMBERS.fullmatch(host):
            return False
        try:
            address = socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))  # 10.1, 0x7f000001: as resolvers do
        except OSError:
            return False
    return not is_public(address)


def is_loopback(address: str) -> bool:
    """Whether an address is this very machine."""
    return ip_address(address).is_loopback


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, or stands for an IPv4 one that is."""
    ip = ip_address(address.partition("%")[0])
    if any(ip in each for each in _SPECIAL):
        return False
    match ip:
        case IPv4Address():
            return ip.is_global and not ip.is_multicast
        case IPv6Address():
            behind = _ipv4_behind(ip)
            if behind is not None:
                return is_public(str(behind))
            return ip in _UNICAST and ip.is_global


def _ipv4_behind(ip: IPv6Address) -> IPv4Address | None:
    if ip in _TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped
