"""The queues that people would pick instead, and ours: one module each, with the same command line.

Each runs in its own environment, so nothing here may import more than the standard library and its own package:

    python -m benchmarks.peers.arq_peer work --setting defaults

It finds its servers in BENCH_REDIS_URL and BENCH_DATABASE_URL, and writes what it starts and ends into BENCH_RECORD.
"""
