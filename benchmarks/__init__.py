"""Speed, cost and scale, each with a command: `python -m benchmarks [name ...]`."""
