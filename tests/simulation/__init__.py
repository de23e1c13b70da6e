"""A deterministic simulator around the real `converge`: random histories, virtual time, and laws that must hold."""
