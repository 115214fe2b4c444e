"""Which addresses may a webhook reach? Public ones, and those of networks that are listed for its host.

What is not public is written out here, after the registries of special-purpose addresses (IANA), rather than asked of
the library, whose answers differ from one release to the next. A name that resolves to any other address is refused as
a whole: a public name has no business pointing into the house.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from orchestrator.wire.deadline import Address

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks: TypeAlias = tuple[Network, ...]

_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_CLOSED: Networks = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",  # this network, and unspecified
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; clouds keep their secrets there
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays from 6to4, given up
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        # Of IPv6 only 2000::/3 is public at all; within it:
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)


def allowed(ip: str, networks: Iterable[Network] = ()) -> bool:
    """Tell whether an address may be reached: it is public, or in one of `networks`.

    An IPv4 address in the guise of IPv6 (::ffff:0:0/96) counts as what it is. NAT64 (64:ff9b::/96) is not public.
    """
    address = ipaddress.ip_address(ip)
    if address.version == 6 and address in _MAPPED:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address.version == each.version and address in each for each in networks):
        return True
    if address.version == 6 and address not in _PUBLIC_6:
        return False
    return not any(address.version == each.version and address in each for each in _CLOSED)


def all_allowed(places: Sequence[Address], networks: Iterable[Network] = ()) -> bool:
    """Tell whether each of the addresses may be reached, and there is one."""
    listed = tuple(networks)
    return bool(places) and all(allowed(each.ip, listed) for each in places)
