"""With this folder in PYTHONPATH, workers write how long they kept their loop: see `probe`."""

import os
import sys

if "service" in sys.orig_argv[1:] and "service.engine" not in sys.orig_argv:
    import probe

    os.register_at_fork(after_in_child=probe.start)  # the master's children are workers and, by exec, engines
