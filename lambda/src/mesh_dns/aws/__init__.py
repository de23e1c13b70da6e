"""Load balancers, scopes and the queue, as AWS serves them."""
