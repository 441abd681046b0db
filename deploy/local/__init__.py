"""Set-up and running on one machine, with Python's standard library only.

Nothing here is imported by the portal, and nothing here imports it: these modules
run before Django is installed.
"""
