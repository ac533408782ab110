"""Public Python interface of driftloop."""
