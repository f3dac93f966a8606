import logging
import os
import signal
import sys

from service.parent import die_with_parent


def run(index: int, parent: int) -> None:
    die_with_parent(parent)  # before TensorFlow, which takes seconds to import
    for number in (signal.SIGTERM, signal.SIGINT):  # meant for the master, which ends its engines last
        signal.signal(number, signal.SIG_IGN)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from service.engine.process import main

    main(index)
    logging.shutdown()
    os._exit(0)  # a load that still runs in its thread would hold up the interpreter's own end


run(int(sys.argv[1]), int(sys.argv[2]))
