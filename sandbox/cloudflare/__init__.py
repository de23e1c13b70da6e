"""The Cloudflare API v4 for DNS records, with state, on a loopback port."""

from sandbox.cloudflare.emulator import CloudflareEmulator
from sandbox.cloudflare.faults import Call, FaultKind

__all__ = ["Call", "CloudflareEmulator", "FaultKind"]
