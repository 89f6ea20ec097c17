"""The benchmarks: `make bench` measures the README's figures, `make bench-peers` compares us with other queues."""
