"""DNS records at Cloudflare, by its API v4: few calls, hardly any repeated here, each failure kept to its zone.

Facts that this rests on, from Cloudflare's API schema, its documentation and recorded exchanges:

- The batch endpoint runs deletes, patches, puts, posts in that order in one transaction, at most 200 items on a
  free plan, and its error does not say which item failed.
- PATCH keeps what it does not name. There is no idempotency key: after an unclear failure, list again.
- Several names in one list: `match=any&name=one&name=two` and no other filter (API deprecations, 2025-02-21).
- A token made for a zone needs Zone / DNS / Edit there, and nothing that reads the zone itself.
- A name outside the zone becomes `<name>.<zone>`, without an error.
- A record below an NS record of the same zone is taken with success and never served ("Shadowed records" in the
  documentation); older answers were 89018. `shadowing_name=<name>` lists the NS records at and above a name.
- `total_count` counts what the query finds over all pages. Lists can be ordered by name.

| module | read it for |
|---|---|
| client | what the provider promises, and what is undone |
| zones | small and large zones, delegations and the apex |
| lists | pages, counts, sizes |
| records | what an item of a list says, what a batch holds |
| http | the token, timeouts, whom to leave alone for a while |
| answers | which error an answer is |
"""

from mesh_dns.dns.cloudflare.client import Cloudflare
from mesh_dns.dns.cloudflare.http import BASE_URL, Token

__all__ = ["BASE_URL", "Cloudflare", "Token"]
