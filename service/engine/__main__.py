import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from service.engine.process import main

main(int(sys.argv[1]))
