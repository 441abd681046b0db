# Shorthand; README.md and run.py are the real thing.
.PHONY: run test mutants bench faults lock

run:
	python3 run.py

test:
	python3 run.py test

mutants:
	python3 run.py exec python -m tests.mutants

bench:
	python3 run.py exec python -m tests.benchmarks

faults:
	python3 run.py exec python -m tests.faults

lock:
	python3 run.py lock
