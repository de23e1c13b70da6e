"""Where a token may be sent in clear: to this very machine, and nowhere else."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this very machine. Of names only `localhost` counts: others would have to be resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
