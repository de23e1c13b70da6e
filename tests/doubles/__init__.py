"""In-memory ports: the same promises as the real adapters, without a network. Also a model of the rules that they keep."""
