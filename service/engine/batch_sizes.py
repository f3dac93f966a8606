"""Which numbers of rows a batch may have."""

_COST_TOLERANCE = 1.1


def list_batch_sizes(max_batch_size: int) -> tuple[int, ...]:
    """The sizes that batches are padded to: powers of two, and the largest allowed."""
    powers = [1 << step for step in range(max_batch_size.bit_length()) if 1 << step < max_batch_size]
    return (*powers, max_batch_size)


def select_batch_sizes(seconds: dict[int, float]) -> tuple[int, ...]:
    """Keep sizes up to the first within 10% of the lowest cost per row; `seconds` per run, by batch size.

    Smaller batches are answered sooner, spread over more runners, and let other servables in between.
    """
    lowest = min(run / size for size, run in seconds.items())
    largest = min(size for size, run in seconds.items() if run / size <= _COST_TOLERANCE * lowest)
    return tuple(size for size in sorted(seconds) if size <= largest)
