"""Where the provider's token lives: the port, the cache, and Vault. Secrets Manager is in aws/."""
