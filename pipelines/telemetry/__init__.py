"""What other tools read of checks and training runs: metrics, traces and lineage. None of it can fail or delay them."""
