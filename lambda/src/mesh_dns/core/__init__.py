"""The decisions: pure values and functions. No network, clock or environment; only the package's schemas are read."""
