"""`python -m service key`: makes an API key, and the line that the service keeps of it."""

import argparse
import sys

from service.access.keys import format_entry, make_key
from service.access.scopes import KEY_SCOPES


def main(arguments: list[str]) -> None:
    """The line goes to standard output, so that `>> keys` adds it to a file; the key itself is shown beside it."""
    parser = argparse.ArgumentParser(prog="python -m service key", description=__doc__)
    parser.add_argument("name", help="who gets the key; it shows in the log")
    parser.add_argument("scopes", nargs="*", metavar="scope", help=f"of {', '.join(KEY_SCOPES)}; all by default")
    options = parser.parse_args(arguments)
    if unknown := set(options.scopes) - set(KEY_SCOPES):
        parser.error(f"there is no scope {', '.join(sorted(unknown))}; there are {', '.join(KEY_SCOPES)}")
    key = make_key()
    try:
        entry = format_entry(options.name, dict.fromkeys(options.scopes or KEY_SCOPES), key)
    except ValueError as error:
        parser.error(str(error))
    print(f"The key, for the client; it is shown only now:\n{key}", file=sys.stderr)
    print("The line for INKPAW_KEYS_FILE:", file=sys.stderr)
    print(entry)
