"""What runs beneath the flows: state folder, temporary server, outages, failpoints."""
