"""Runtime of the flows: state folder, temporary server, outages, failpoints."""
