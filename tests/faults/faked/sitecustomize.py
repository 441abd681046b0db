"""Read by Python at start where the class clock runs it under libfaketime.

Debian's libfaketime spoils the absolute monotonic sleep that ``time.sleep`` is since Python
3.11 (wolfcw/libfaketime, issue 426); waiting for nothing lasts as long.
"""

import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds)[0] or None
