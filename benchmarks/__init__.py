"""The figures of docs/benchmarks.md: ``python -m benchmarks [NAME…]`` measures them and writes the page."""
