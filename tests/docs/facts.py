"""Numbers that the documents give and that somebody else decides: AWS, Cloudflare, Cilium, or a clock."""

from __future__ import annotations

# Who decides => how the documents say it, and nothing but what they say.
FACTS: dict[str, tuple[str, ...]] = {
    "protocols": (
        r"\b2379\b", r"8472/UDP", r"6081/UDP", r"4240/TCP", r"51871/UDP", r"port 443",
        r"\b429\b", r"401 or 403", r"seconds since 1970",
    ),
    "names of things": (
        r"Route\s+53", r"Apache License 2\.0", r"provider 6\b", r"provider 5, which", r"Before 1\.0", r"KV version 1",
        r"OpenBao 2\.x", r"cilium#21330", r"To 0\.1\.0",
    ),
    "Cloudflare": (
        r"1,200 calls in\s+five", r"the most of them in 5 minutes", r"\| `is full`, 81045",
        r"1,200 in 5 minutes .+? blocked for 5 minutes", r"\(200 on the free plan\)",
        r"200 Free, 3,500 Pro and Business", r"for (?:up to )?30 minutes",
        r"holds 200 in zones made since September 2024, and 1,000 in older ones",
        r"Pro holds 3,500, and costs 25 a month, or 20 when",
    ),
    "Elastic Load Balancing": (
        r"40 at once and 10 a second", r"40 `Describe\*` calls at once and 10 a second", r"50 NLB, 20 classic",
        r"\| 50, values of at most 256 characters",
    ),
    "Lambda": (r"concurrency is 10 cannot", r"whose limit is 10 cannot", r"up to 20 minutes after the",
               r"256 MB give it a seventh", r"of 256 MB"),
    "CloudTrail": (r"trails in a region \| 5", r"\s+every 5 minutes", r"2\.00 per 100,000 write"),
    "EventBridge and SQS": (r"each three times a minute", r"\| 256 KB \|", r"received\s+three times"),
    "IAM, DynamoDB, Secrets Manager, CloudWatch": (
        r"a role's policies \| 10 KB", r"one item holds 400 KB", r"\| 30 days \|", r"\| 15 months \|",
    ),
    "AWS Load Balancer Controller": (r"default since 2\.5", r"add-on from 2\.6"),
    "Cilium": (r"moved in 1\.20", r"before 1\.19", r"511 halves the identities per cluster to 32,767"),
    "what is supposed, or set for a measurement": (
        r"for 10 clusters as for 500", r"about 41 units for 500 of them", r"\| 500 clusters, whose",
        r"change ten times a month", r"For 60 scopes", r"half a second for each",
        r"(?:one|three) seconds? of 256", r"within one minute", r"up to 60 names are refused",
        r"takes one to six hours",
    ),
    "what was measured by a clock, on two idle cores": (
        r"132 s when it was measured last, on two idle cores, of which 61 s are `terraform apply`",
        r"it took 132 s on two idle cores",
    ),
}  # fmt: skip
