"""Server mode: the flows as deployments of a Prefect server, with their schedules and automations."""
