"""The benchmark of issue 2: ``python3 run.py exec python -m tests.benchmarks``.

Its own PostgreSQL database, one real web worker, every page and the base that its ratio is
taken from in the same rounds. Nothing here is part of the portal.
"""
