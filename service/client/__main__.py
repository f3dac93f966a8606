"""`python -m inkpaw` is the command line `inkpaw`."""

from .cli.app import main

if __name__ == "__main__":
    main()
