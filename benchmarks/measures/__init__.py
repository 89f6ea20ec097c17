"""The measures. Each module has `measure(servers, scale, steps)`, which returns rows of figures."""
