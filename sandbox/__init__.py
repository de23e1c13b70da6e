"""The whole system on one machine, offline: AWS, Cloudflare and DNS on loopback ports."""
