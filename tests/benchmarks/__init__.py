"""Measurements, each run by itself: ``python -m tests.benchmarks.api_throughput``."""
