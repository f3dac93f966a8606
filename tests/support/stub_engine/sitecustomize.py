"""With this folder in PYTHONPATH, `python -m service.engine` has no TensorFlow and no models: see `stub_process`."""

import sys

if "service.engine" in sys.orig_argv:
    import stub_process

    sys.modules["service.engine.process"] = stub_process
