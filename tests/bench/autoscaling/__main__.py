"""Simulates a day with each candidate target, and writes docs/autoscaling.md and its picture."""

import argparse

from tests.bench.autoscaling.candidates import CHOSEN, load_kinds, run_day
from tests.bench.autoscaling.measure import measure
from tests.bench.autoscaling.page import PATH, make_page
from tests.bench.autoscaling.picture import draw_picture


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.autoscaling", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure the service times first, in some minutes")
    if parser.parse_args().measure:
        measure()
    page = make_page()
    PATH.write_text(page)
    draw_picture([run_day(load, CHOSEN) for load in load_kinds()], PATH.with_suffix(".png"))
    print(page[page.index("| scaled by") :])


if __name__ == "__main__":
    main()
