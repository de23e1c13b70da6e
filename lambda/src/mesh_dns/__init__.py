"""Keeps DNS in step with the load balancers of a Cilium cluster mesh."""
