"""DNS records at Cloudflare, by its API v4: one list and one batch call at a time, nothing retried here.

Facts that this rests on, from Cloudflare's API schema, its documentation and recorded exchanges:

- The batch endpoint runs deletes, patches, puts, posts in that order in one transaction, at most 200 items on a
  free plan, and its error does not say which item failed.
- PATCH keeps what it does not name. There is no idempotency key: after an unclear failure, list again.
- Several names in one list: `match=any&name=one&name=two` and no other filter (API deprecations, 2025-02-21).
- A token made for a zone needs Zone / DNS / Edit there, and nothing that reads the zone itself.
- A name outside the zone silently becomes `<name>.<zone>`.

Import this module on first use only: `requests` is a good part of a cold start.
"""

from mesh_dns.dns.cloudflare.client import Cloudflare
from mesh_dns.dns.cloudflare.http import BASE_URL, Token

__all__ = ["BASE_URL", "Cloudflare", "Token"]
