#!/usr/bin/env python3
"""Foreview's one command: ``python3 run.py`` serves the demonstration, ``test`` checks it all.

It needs Python 3.11 or newer on Debian and nothing else; ``--help`` lists what it can do.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("Foreview needs Python 3.11 or newer; this is Python " + sys.version.split()[0])

from deploy.local.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
