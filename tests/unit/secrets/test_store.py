"""What may pass for a token."""

from __future__ import annotations

import pytest

from mesh_dns.errors import Misconfigured
from mesh_dns.secrets.store import token_in
from tests.unit.secrets.shown import everything_in

TOKEN = "v1.0-aZ09_-.~+/=="


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(TOKEN, id="as it is"),
        pytest.param(f"{TOKEN}\n", id="a newline at its end"),
        pytest.param(f" \t{TOKEN}\r\n", id="white space around"),
        pytest.param(f"Bearer {TOKEN}", id="a Bearer prefix"),
        pytest.param(f" bearer  {TOKEN}\n", id="a bearer prefix in lower case between white space"),
    ],
)
def test_a_token_whose_meaning_is_certain(value: str) -> None:
    assert token_in(value, "secret x") == TOKEN


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        pytest.param("", "secret x is empty", id="empty"),
        pytest.param(" \n", "secret x is empty", id="white space"),
        pytest.param("Bearer ", "not a token|is empty", id="a prefix and nothing else"),
        pytest.param('{"token": "s3cr3t"}', "holds JSON; say with `json_key`", id="JSON, and no key was named"),
        pytest.param("s3cr3t one", "not a token", id="a space inside"),
        pytest.param("s3cr3t\nother", "not a token", id="two lines"),
        pytest.param('"s3cr3t"', "not a token", id="quotes"),
        pytest.param("s3cr3t\u200b", "not a token", id="an invisible character"),
        pytest.param("s3cr3tä", "not a token", id="not ASCII"),
        pytest.param(b"s3cr3t", "not text", id="bytes"),
        pytest.param({"s3cr3t": 1}, "not text", id="an object"),
        pytest.param(None, "not text", id="null"),
    ],
)
def test_anything_else_names_the_place_and_never_the_value(value: object, complaint: str) -> None:
    with pytest.raises(Misconfigured, match=complaint) as raised:
        token_in(value, "secret x")

    assert "secret x" in str(raised.value)
    assert "s3cr3t" not in everything_in(raised.value)
