"""Other queues, and ours: one module each, with the same command line.

    python -m benchmarks.peers.arq_peer work --setting defaults

Each peer runs in its own environment, so its module may import only the standard library, its own package, `driver` and
`record`. It takes its servers from BENCH_REDIS_URL and BENCH_DATABASE_URL, and records the start and end of its jobs in
the file BENCH_RECORD.
"""
