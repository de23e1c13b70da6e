"""In-memory ports: the same promises as the real adapters, and a model of the rules that they keep."""
