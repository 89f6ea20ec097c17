"""What is measured of every contender: one module each, with `measure(servers, form)` that returns rows of figures."""
