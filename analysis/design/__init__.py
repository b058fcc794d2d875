"""Planning and checking: power, simulated runs, the self-check of the statistics."""
