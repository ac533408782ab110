"""Parts that every block of the YAML is made of."""
