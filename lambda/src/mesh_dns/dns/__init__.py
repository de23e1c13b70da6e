"""DNS providers: the port and its adapters."""
