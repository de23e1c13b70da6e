"""What the function reads and keeps at AWS: load balancers, its queue, its table, the secret."""
