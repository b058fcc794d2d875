"""Pairs: generators, checks and the audit."""
