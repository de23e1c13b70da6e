"""Where the provider's token lives: the port and its adapters."""
