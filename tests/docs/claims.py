"""Numbers that the documents give, and what decides them: a constant, a default, a limit that the plan checks.

A new number in a document gets a row: here where something in the repository decides it, in facts.py where AWS,
Cloudflare, Cilium or somebody else does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from bench.load import ACCOUNTS, CLUSTERS, EVERYWHERE, REGIONS
from bench.load import LATENCY as LATENCY_OF_THE_STORY
from bench.scope import LATENCY
from bench.slow import CLOUDFLARE_CALL, NEAR, PROCESSING
from tests.docs.declared import ROOT, alarms
from tests.simulation.running import TRIES
from tests.simulation.test_histories import CALM_HISTORIES, HISTORIES

SOURCE = ROOT / "lambda" / "src" / "mesh_dns"
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10}
DAY = 24 * 3600
MONTH_HOURS = 730


def constant(folder: str, name: str) -> float:
    """A number that one module below a folder of the package, or that module itself, gives a name."""
    path = SOURCE / folder
    files = path.rglob("*.py") if path.is_dir() else [path]
    found = [
        match for file in files for match in re.findall(rf"^_?{name}\b[^=\n]* = ([\d_.* ]+)", file.read_text(), re.M)
    ]
    assert len(found) == 1, f"{name} stands {len(found)} times below {folder}"
    return product(found[0])


def written(file: str, pattern: str) -> float:
    """The one number that a pattern finds in a file: a product is worked out, a comma is none."""
    (found,) = set(re.findall(pattern, (ROOT / file).read_text()))
    return product(found)


def product(text: str) -> float:
    """What numbers with `*` between them come to."""
    result = 1.0
    for factor in text.split("*"):
        result *= float(factor)
    return result


def number(text: str) -> float:
    """As a document writes it: in digits with commas, or as a word."""
    return WORDS[text] if text in WORDS else float(text.replace(",", ""))


def metrics() -> int:
    """How many metrics of its own the function writes."""
    text = (SOURCE / "telemetry.py").read_text()
    return len(set(re.findall(r'(?:_count\(|_counts\[|name=|Action\.\w+: )"([A-Z]\w+)"', text)))


def until_dead_letter() -> float:
    """Seconds from the first receive of a message that keeps failing to the last: each wait is twice the one before."""
    first, longest = (constant("core/batch.py", name) for name in ("FIRST_DELAY", "LONGEST_BACK_OFF"))
    return sum(min(longest, first * 2**receive) for receive in range(int(most_receives) - 1))


def delays() -> list[float]:
    """After how many seconds an event comes back that AWS does not show yet."""
    text = (SOURCE / "core" / "lateness.py").read_text()
    (steps,) = re.findall(r"^_DELAYS = \((.+)\)$", text, re.MULTILINE)
    return [*map(float, re.findall(r", (\d+)\)", steps)), constant("core/lateness.py", "LONGEST")]


def alarms_of_spokes() -> int:
    """How many alarms a hub with spokes has more."""
    text = (ROOT / "alarms.tf").read_text().split("  alarms_of_spokes = {\n")[1].split("\n  }\n")[0]
    return len(re.findall(r"^    [a-z-]+ += \{$", text, re.MULTILINE))


def refused_ids() -> list[float]:
    """The ids that Cilium refuses with ENI or aws-cni: first and last of each range."""
    text = (ROOT / "modules" / "clustermesh-values" / "variables.tf").read_text()
    ranges = set(re.findall(r"cluster\.id >= (\d+) && cluster\.id <= (\d+)\)", text))
    return sorted(float(end) for each in ranges for end in each)


def accepted_ids(most: int) -> float:
    """How many ids up to this one are left there."""
    bounds = refused_ids()
    return sum(not any(first <= each <= last for first, last in zip(bounds[::2], bounds[1::2], strict=True))
               for each in range(1, most + 1))  # fmt: skip


def listed_mutants() -> int:
    """How many mistakes in the code are listed as changing nothing that matters."""
    return (ROOT / "tests" / "mutants.toml").read_text().count("\n- ")


def bill(of: int, end: int) -> str:
    """A sum, as it is written. of: 0 is the month, 1 the smoke test's. end: 0 is the least, -1 the most."""
    sums = re.findall(r"^\| \*\*sum\*\* \| \| \*\*(.+ - .+)\*\* \|$", (ROOT / COST).read_text(), re.MULTILINE)
    return str(sums[of].split(" - ")[end])


def month(end: int) -> float:
    """What a month costs, in whole dollars."""
    return round(float(bill(0, end)))


sweep_minutes = written("variables.tf", r"minutes +?= optional\(number, (\d+)\)")
timeout = written("variables.tf", r"timeout_seconds +?= optional\(number, (\d+)\)")
memory = written("variables.tf", r"memory_mb +?= optional\(number, (\d+)\)")
grace = written("variables.tf", r"grace_seconds +?= optional\(number, (\d+)\)")
ttl = written("variables.tf", r"ttl +?= optional\(number, (\d+)\)")
most_receives = written("queue.tf", r"maxReceiveCount +?= (\d+)")
environment = written("function.tf", r"environment_bytes\S* <= (\d+)") / 1024
batch = written("function.tf", r"batch_size +?= (\d+)")
default_ids = int(written("modules/clustermesh-values/variables.tf", r"contains\(\[(\d+), \d+\]"))
most_ids = int(written("modules/clustermesh-values/variables.tf", r"contains\(\[\d+, (\d+)\]"))
python = written("pyproject.toml", r'requires-python = ">=(3\.\d+)"')


def time_for_aws(timeout: float) -> float:
    """Seconds of an invocation in which AWS may be asked."""
    return (timeout - constant("handler.py", "RESERVE")) * constant("reading.py", "TIME_FOR_AWS")


def timeout_for(seconds: float) -> float:
    """The timeout, a whole number of half minutes, that leaves so many seconds for AWS."""
    timeout = seconds / constant("reading.py", "TIME_FOR_AWS") + constant("handler.py", "RESERVE")
    return 30 * math.ceil(timeout / 30)


def fits(seconds: float) -> float:
    """The largest scope of the table that is read within so many seconds."""
    found = re.findall(r"^\| ([\d,]+) \| under (\d+) s", (ROOT / COST).read_text(), re.MULTILINE)
    return max(number(size) for size, bound in found if float(bound) <= seconds)


README, SECURITY, CONTRIBUTING, COST = "README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/cost-and-limits.md"
OPERATIONS, MULTI, VAULT, DESIGN = (f"docs/{name}.md" for name in ("operations", "multi-account", "vault", "design"))
TROUBLE, CILIUM, ASSURANCE = (f"docs/{name}.md" for name in ("troubleshooting", "cilium", "assurance"))
ANY = "any"

CLAIMS: list[tuple[str, str, Callable[[], float]]] = [
    # document (or any of them), what it says with the number in a group, what decides it
    (ANY, r"Terraform (\d[\d.]*) (?:or later|and Python)",
     lambda: written("versions.tf", r'_version = ">= ([\d.]+)"')),
    (ANY, r"OpenTofu (\d[\d.]*) or later", lambda: written("versions.tf", r'_version = ">= ([\d.]+)"')),
    (ANY, r"Python (3\.\d+) or later", lambda: python),
    (ANY, r"AWS provider ([\d.]+) or later", lambda: written("versions.tf", r">= ([\d.]+), < 7\.0")),
    (ANY, r"provider [\d.]+ or later and\s+below (\d)", lambda: written("versions.tf", r">= [\d.]+, < (\d)\.0")),
    (ANY, r"a sweep every (\d+)\s+minutes", lambda: sweep_minutes),
    (ANY, r"three sweep periods \((\d+) minutes", lambda: constant("core", "PERIODS") * sweep_minutes),
    (ANY, r"(\w+) (?:sweep )?periods\b", lambda: constant("core", "PERIODS")),
    (ANY, r"for about (\w+) hours", lambda: round(until_dead_letter() / 3600)),
    (ANY, r"more than (\d+) %", lambda: constant("core", "PERCENT")),
    (ANY, r"% of the records,? (?:and|\*and\*) more than (\d+),? (?:would|have)", lambda: constant("core", "FLOOR")),
    (ANY, r"the (\d+) KB of the function's", lambda: environment),
    (ANY, r"expires after (\d+) days", lambda: constant("aws/memory.py", "KEPT_FOR") / DAY),
    *(
        (ANY, rf"after about {before}(\d+)(?:,| and| seconds)", lambda at=at: delays()[at])
        for at, before in enumerate(("", r"\d+, ", r"\d+, \d+, ", r"\d+, \d+, \d+ and "))
    ),
    (ANY, r"(?:up to|at most|for) (\d+) (?:s|seconds)(?:;| after it happened|, then the next sweep|, unless its)",
     lambda: constant("core", "PATIENCE")),
    (ANY, r"(?:look|once more,) (\d+) (?:s|seconds) later", lambda: constant("core", "CONFIRMATION")),
    (ANY, r"first after (\d+) s where", lambda: constant("core", "CONFIRMATION")),
    (ANY, r"(\d+) minutes after the new one was",
     lambda: constant("core", "PROVISIONING") / 60),
    (ANY, r"again after (\d+) seconds and more",
     lambda: written("lambda/src/mesh_dns/core/vacancy.py", r"in \(\(60, (\d+)\)")),
    (ANY, r"(?:less than a TTL ago|\| TTL \|) \(?(\d+) s", lambda: ttl),
    (ANY, r"at most ([\d,]+) load balancers a message",
     lambda: written("lambda/src/mesh_dns/schemas/event.json", r'"maxItems": (\d+)')),
    (COST, r"minutes \(([\d,]+) a month\)", lambda: MONTH_HOURS * 60 / sweep_minutes),
    (COST, r"a month of (\d+) hours", lambda: MONTH_HOURS),
    (COST, r"\| (\d+) alarms, of which", lambda: len(alarms()) - alarms_of_spokes()),
    (COST, r"(\d+) alarms? more", alarms_of_spokes),
    (COST, r"at each sweep, (\d+) in all", metrics),
    (COST, r"seconds of (\d+) MB", lambda: memory),
    (COST, r"\*\*(\d) to \d dollars a month", lambda: month(0)),
    (COST, r"\*\*\d to (\d) dollars a month", lambda: month(-1)),
    (COST, r"it waits for at most (\d+) minutes", lambda: constant("core", "PROVISIONING") / 60),
    (COST, r"one list and one write per (\d+) changes", lambda: constant("dns/cloudflare", "TRANSACTION_SIZE")),
    (COST, r"Cloudflare comment \| (\d+) characters", lambda: constant("core", "LONGEST_MARK")),
    (COST, r"EventBridge pattern \| ([\d,]+) characters", lambda: written("events.tf", r"event_pattern\) <= (\d+)")),
    (COST, r"the function takes (\d+) at once", lambda: constant("aws", "BURST")),
    (COST, r"at once and (\d+) a second at most", lambda: constant("aws", "PER_SECOND")),
    (COST, r"function keeps to (\d+) at once", lambda: constant("aws", "BURST")),
    (COST, r"keeps to 20 at once and (\d+) a second", lambda: constant("aws", "PER_SECOND")),
    (COST, r"one page of ([\d,]+) records", lambda: constant("dns/cloudflare", "PAGE_SIZE")),
    (COST, r"both reads have (\d+) % of the function's timeout", lambda: 100 * constant("reading.py", "TIME_FOR_AWS")),
    (COST, r"without its last (\d+) seconds: \d+", lambda: constant("handler.py", "RESERVE")),
    (COST, r"last \d+ seconds: (\d+) seconds by default", lambda: time_for_aws(timeout)),
    (COST, r"suffices for \[([\d,]+) in a far region", lambda: fits(time_for_aws(timeout))),
    (COST, r"needs `function = \{ timeout_seconds = (\d+) \}`", lambda: timeout_for(90)),
    (COST, r"SQS retention \| (\d+) days in the queue",
     lambda: written("queue.tf", r"retention_seconds +?= (7 \* .*?) #") / DAY),
    (COST, r"in the queue, (\d+) in the dead-letter queue",
     lambda: written("queue.tf", r"retention_seconds +?= (14 \* .*?) #") / DAY),
    (COST, r"Lambda's environment \| (\d+) KB", lambda: environment),
    ("docs/assurance.md", r"a run spends (\d+) calls to find them", lambda: constant("writing.py", "EXTRA_CALLS")),
    (COST, r"SQS delay \| (\d+) s", lambda: constant("core/work.py", "LONGEST_DELAY")),
    (COST, r"`records.grace_seconds` is at most (\d+)", lambda: constant("core/work.py", "LONGEST_DELAY")),
    (SECURITY, r"secret again, at most every (\w+) minutes", lambda: constant("secrets", "REFRESH_PAUSE") / 60),
    (CONTRIBUTING, r"has room for (\d+)", lambda: constant("core", "LONGEST_MARK")),
    ("modules/spoke/README.md", r"keeps for (\d+) days",
     lambda: written("modules/spoke/main.tf", r"retention_seconds += (14 \* .+)") / DAY),
    (CONTRIBUTING, r"environment holds\s+(\d+) KB", lambda: environment),
    (OPERATIONS, r"visibility timeout\s+\((\d+) minutes by default\)", lambda: 6 * timeout / 60),
    (OPERATIONS, r"the queue, after (\d+) receives", lambda: most_receives),
    (OPERATIONS, r"kept for (\w+) days", lambda: constant("aws", "REFUSED_FOR") / DAY),
    (VAULT, r"for (\w+) minute at most", lambda: constant("aws", "VALID_SECONDS") / 60),
    (TROUBLE, r"failed (\d+) times", lambda: most_receives),
    (MULTI, r"within the grace \((\d+) minutes\)", lambda: grace / 60),
    (MULTI, r"schedule, a sweep every 15 minutes \| ([\d,]+) x", lambda: MONTH_HOURS * 60 / sweep_minutes),
    (MULTI, r"the function's environment \| (\d+) KB", lambda: environment),
    (MULTI, r"an event bus's policy \| (\d+) KB", lambda: written("spokes.tf", r"bus_statements\)\) <= (\d+)") / 1000),
    (DESIGN, r"gets up to (\d+) messages", lambda: batch),
    (CILIUM, r"\| default, any datapath .+? \| 1-(\d+) \|", lambda: default_ids),
    (CILIUM, r"\| default, any datapath .+? \| (\d+) \|\n", lambda: default_ids),
    (CILIUM, r"aws-cni \| 1-(\d+)\b", lambda: refused_ids()[0] - 1),
    (CILIUM, r"\| default, ENI .+? \| (\d+) \|\n", lambda: accepted_ids(default_ids)),
    (CILIUM, r"511` \| 1-(\d+) \|", lambda: most_ids),
    (CILIUM, r"511` \| 1-\d+ \| (\d+) \|", lambda: most_ids),
    (CILIUM, r"and (\d+)-\d+ \|", lambda: refused_ids()[1] + 1),
    (CILIUM, r"and \d+-(\d+) \|", lambda: refused_ids()[2] - 1),
    (CILIUM, r"and \d+-\d+ \| (\d+) \|", lambda: accepted_ids(most_ids)),
    (COST, r"in a mesh \| (\d+), or \d+; with ENI", lambda: default_ids),
    (COST, r"in a mesh \| \d+, or (\d+); with ENI", lambda: most_ids),
    (COST, r"with ENI or aws-cni (\d+), or", lambda: accepted_ids(default_ids)),
    (COST, r"with ENI or aws-cni \d+, or (\d+)", lambda: accepted_ids(most_ids)),
    (COST, r", (\d+) ms for an AWS call \|", lambda: 1000 * LATENCY),
    (COST, r"call to AWS and one to Cloudflare take (\d+) ms", lambda: 1000 * LATENCY),
    (COST, r"call to AWS and one to Cloudflare take (\d+) ms", lambda: 1000 * CLOUDFLARE_CALL),
    (COST, r"one to SQS or DynamoDB (\d+) ms", lambda: 1000 * NEAR),
    (COST, r"own work counts (\w+) times", lambda: PROCESSING),
    (COST, r"The life of (\d+) clusters", lambda: CLUSTERS),
    (COST, r"In (\d+) scopes, \d+ accounts", lambda: len(EVERYWHERE)),
    (COST, r"In \d+ scopes, (\d+) accounts", lambda: len(ACCOUNTS)),
    (COST, r"accounts in (\w+) regions each", lambda: len(REGIONS)),
    (COST, r"with (\d+) ms for a call to AWS", lambda: 1000 * LATENCY_OF_THE_STORY),
    (ASSURANCE, r"runs (\d+) random histories", lambda: HISTORIES + CALM_HISTORIES),
    (ASSURANCE, r"([\d,]+) mutated events", lambda: written("Makefile", r"tests.simulation.fuzz (\d+)")),
    (CONTRIBUTING, r"([\d,]+) mutated events", lambda: written("Makefile", r"tests.simulation.fuzz (\d+)")),
    (ASSURANCE, r"Nobody notices the (\w+) mistakes", listed_mutants),
    (ASSURANCE, r"tried at most (\d+) times in an hour", lambda: TRIES),
    (ASSURANCE, r"at one moment with (\d+) %", lambda: constant("core", "PERCENT")),
    (ASSURANCE, r"% and with (\w+) records", lambda: constant("core", "FLOOR")),
    (ASSURANCE, r"the reserved concurrency of (\d)", lambda: written("function.tf", r"reserved_concurrency \? (\d) :")),
    (README, r"\. (\d+) IN CNAME", lambda: ttl),
    ("RELEASING.md", r"(\w+) examples, the submodules", lambda: len(list((ROOT / "examples").glob("*/main.tf")))),
    (README, r"takes two looks\*\*, (\w+) minutes apart", lambda: grace / 60),
    (README, r"about (\d) to \d US dollars a month", lambda: month(0)),
    (README, r"about \d to (\d) US dollars a month", lambda: month(-1)),
]  # fmt: skip
