"""The tests, file by file as the house is built; `tests.servers` and `tests.benchmarks` are found by these names."""
