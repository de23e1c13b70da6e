"""The module on a real account, from apply to destroy, and a report of what AWS and Cloudflare did: `make smoke`."""
