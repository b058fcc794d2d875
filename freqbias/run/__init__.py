"""The engine: pairs to observations to estimates to report, resumable, one run folder."""
