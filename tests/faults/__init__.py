"""The acceptance of issue 3: each fault injected into real processes, and what survived it.

``make faults`` prints one table of all classes; test_faults.py runs them with few seeds.
"""
