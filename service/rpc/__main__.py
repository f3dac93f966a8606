import logging
import os
import signal
import sys

from service.parent import die_with_parent


def run(address: str, parent: int) -> None:
    die_with_parent(parent)
    for number in (signal.SIGTERM, signal.SIGINT):  # meant for the master, which says when to stop
        signal.signal(number, signal.SIG_IGN)
    from service.rpc.process import main

    main(address)
    logging.shutdown()
    os._exit(0)  # the thread of a picture that is still decoded would hold up the interpreter's own end


run(sys.argv[1], int(sys.argv[2]))
