"""What can be said of an address."""

from __future__ import annotations

import pytest

from mesh_dns.addresses import is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("vault.example.com", False),
        ("", False),
    ],
)
def test_only_this_very_machine_is_the_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
