"""The benchmarks: `make bench` measures the README's figures again, `make bench-peers` compares us with other queues."""
