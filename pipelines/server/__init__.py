"""Server mode: the flows as deployments of a Prefect server, what starts them there, and what a worker runs."""
