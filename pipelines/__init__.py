"""Act: flows, training, registry, schedule and command line. May import `monitoring`, never the reverse."""
