"""Names: what a tag asks for, what is legal, and what lies under which suffix."""

from __future__ import annotations

import pytest

from mesh_dns.core import hostnames

KELVIN = "\u212a"
LABEL = "a" * 63


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("", ()),
        ("   ", ()),
        ("a.example.com", ("a.example.com",)),
        ("b.example.com a.example.com", ("b.example.com", "a.example.com")),
        ("  a.example.com   b.example.com ", ("a.example.com", "b.example.com")),
        ("a.example.com a.example.com", ("a.example.com",)),
        ("A.Example.COM.", ("a.example.com",)),
        ("a.example.com A.EXAMPLE.COM.", ("a.example.com",)),
        ("a.example.com\u00a0b.example.com", ("a.example.com", "b.example.com")),
        (f"{KELVIN}.example.com", (f"{KELVIN}.example.com",)),
        ("a.example.com..", ("a.example.com.",)),
    ],
    ids=[
        "nothing", "only blanks", "one name", "two names in their order", "blanks around", "the same twice",
        "upper case and a dot at the end", "the same in two spellings", "a blank that cannot break",
        "what is not ASCII stays as it is", "only one dot at the end is dropped",
    ],
)  # fmt: skip
def test_what_a_tag_asks_for(value: str, names: tuple[str, ...]) -> None:
    assert hostnames.in_tag(value) == names


@pytest.mark.parametrize(
    "name",
    [
        "a", "cluster1.mesh.example.com", "1.2.3.4", "a-b.example.com", "a--b.example.com", "xn--bcher-kva.example.com",
        f"{LABEL}.example.com", ".".join([LABEL] * 3 + ["a" * 61]),
    ],
    ids=[
        "one label", "an ordinary one", "digits", "a hyphen", "two hyphens", "punycode", "a label of 63",
        "253 characters",
    ],
)  # fmt: skip
def test_a_legal_name(name: str) -> None:
    assert hostnames.problem_with(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("", "has the label ''", id="nothing"),
        pytest.param(".", "has the label ''", id="a dot"),
        pytest.param("a..example.com", "has the label ''", id="an empty label"),
        pytest.param("a.example.com.", "has the label ''", id="a dot at the end"),
        pytest.param("-a.example.com", "has the label '-a'", id="a hyphen in front"),
        pytest.param("a-.example.com", "has the label 'a-'", id="a hyphen at the end"),
        pytest.param("a_b.example.com", "no underscore", id="an underscore"),
        pytest.param("*.example.com", "no wildcard", id="a wildcard"),
        pytest.param("a/b.example.com", "has the label 'a/b'", id="a slash"),
        pytest.param("a@example.com", "has the label 'a@example'", id="a mail address"),
        pytest.param("A.example.com", "has the label 'A'", id="a name that was not normalized"),
        pytest.param("a.example.com\n", "has the label 'com\\n'", id="a line end"),
        pytest.param(f"a{LABEL}.example.com", "1-63 letters", id="a label of 64"),
        pytest.param(".".join([LABEL] * 3 + ["a" * 62]), "is longer than 253", id="254 characters"),
        pytest.param("bücher.example.com", "is not ASCII", id="not ASCII"),
        pytest.param(f"{KELVIN}.example.com", "is not ASCII", id="a Kelvin sign, whose lower case is ASCII"),
        pytest.param("\u0661.example.com", "is not ASCII", id="an Arabic digit"),
        pytest.param("a\u200b.example.com", "is not ASCII", id="a space of no width"),
        pytest.param("\ud800.example.com", "is not ASCII", id="half a surrogate pair"),
    ],
)
def test_an_illegal_name(name: str, problem: str) -> None:
    assert problem in str(hostnames.problem_with(name))


@pytest.mark.parametrize(
    ("value", "good", "bad"),
    [
        pytest.param("  a.example.com \t b.example.com   ", 2, [], id="blanks and a tab"),
        pytest.param("a.example.com\u2028b.example.com", 2, [], id="a line separator between two names"),
        pytest.param("a.example.com. b.example.com..", 1, ["has the label ''"], id="one dot at the end, and two"),
        pytest.param("1.example.com 2379.example.com 10.0.0.1.example.com", 3, [], id="digits"),
        pytest.param(
            "xn--a.example.com ab--cd.example.com", 2, [], id="two hyphens: whether it is punycode nobody asks"
        ),
        pytest.param("xn--.example.com", 0, ["has the label 'xn--'"], id="punycode of nothing"),
        pytest.param("https://a.example.com:2379", 0, ["has the label 'https://a'"], id="a URL"),
        pytest.param("a.example.com:2379", 0, ["has the label 'com:2379'"], id="a port"),
        pytest.param("a.example.com+b.example.com", 0, ["has the label 'com+b'"], id="a plus between two names"),
        pytest.param("a.example.com:b.example.com", 0, ["has the label 'com:b'"], id="a colon between two names"),
        pytest.param("hostname=a.example.com", 0, ["has the label 'hostname=a'"], id="the key once more"),
        pytest.param("_etcd._tcp.example.com", 0, ["no underscore"], id="a service"),
        pytest.param("a\u3002example.com", 0, ["is not ASCII"], id="an ideographic full stop"),
        pytest.param("\u201ca.example.com\u201d", 0, ["is not ASCII"], id="quotes of a text processor"),
        pytest.param("a\u00adb.example.com", 0, ["is not ASCII"], id="a soft hyphen"),
    ],
)
def test_what_people_write_into_a_tag(value: str, good: int, bad: list[str]) -> None:
    problems = [hostnames.problem_with(name) for name in hostnames.in_tag(value)]
    assert problems.count(None) == good
    told = [problem for problem in problems if problem is not None]
    assert len(told) == len(bad)
    assert all(part in problem for part, problem in zip(bad, told, strict=True))


def test_a_kelvin_sign_does_not_become_a_k_on_the_way() -> None:
    (name,) = hostnames.in_tag(f"{KELVIN}luster.mesh.example.com")
    assert hostnames.problem_with(name) is not None


SUFFIXES = {"mesh.example.com": "z1", "eu.mesh.example.com": "z2", "example.net": "z3"}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("cluster1.mesh.example.com", "mesh.example.com"),
        ("a.b.c.mesh.example.com", "mesh.example.com"),
        ("cluster1.eu.mesh.example.com", "eu.mesh.example.com"),
        ("xeu.mesh.example.com", "mesh.example.com"),
        ("evilmesh.example.com", None),
        ("mesh.example.com", None),
        ("eu.mesh.example.com", None),
        ("example.com", None),
        ("com", None),
        ("", None),
        ("mesh.example.com.evil.org", None),
        ("cluster1.mesh.example.com.", None),
    ],
    ids=[
        "under one", "deep under one", "the longest counts", "label borders count, inside", "label borders count",
        "the suffix itself", "a suffix under another suffix", "above it", "a top level", "nothing",
        "the suffix in the middle", "a name that was not normalized",
    ],
)  # fmt: skip
def test_the_suffix_of_a_name(name: str, suffix: str | None) -> None:
    assert hostnames.suffix_of(name, SUFFIXES) == suffix


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "cluster1.mesh.example.com", True),
        ("*.mesh.example.com", "cluster1.mesh.example.com", True),
        ("*.mesh.example.com", "a.b.mesh.example.com", True),
        ("*.mesh.example.com", "mesh.example.com", False),
        ("*.mesh.example.com", "evilmesh.example.com", False),
        ("*.mesh.example.com", ".mesh.example.com", False),
        ("*.Mesh.Example.com.", "cluster1.mesh.example.com", True),
        ("cluster1.mesh.example.com", "cluster1.mesh.example.com", True),
        ("cluster1.mesh.example.com", "cluster10.mesh.example.com", False),
        ("cluster1.mesh.example.com", "x.cluster1.mesh.example.com", False),
        ("cluster*.mesh.example.com", "cluster1.mesh.example.com", False),
        ("cluster1.mesh.example.com", "cluster1xmesh.example.com", False),
        ("", "cluster1.mesh.example.com", False),
        ("**", "cluster1.mesh.example.com", False),
    ],
    ids=[
        "any name", "one label more", "two labels more", "not the suffix itself", "label borders", "not an empty label",
        "upper case and a dot", "the very name", "not what it begins", "not what ends in it", "no star inside",
        "a dot is a dot", "an empty pattern", "two stars",
    ],
)  # fmt: skip
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert hostnames.matches(name, pattern) is fits
