"""What Throughline claims about speed and memory, runnable: `make bench`, or `python -m benchmarks [NAME ...]`."""
