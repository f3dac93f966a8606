"""Training and evaluation on more image data than the memory limit."""

import os
from pathlib import Path

from PIL import Image

from tests.support.training import start, wait

LIMIT = 1350 << 20  # resident bytes of the process; after the imports TensorFlow, Keras and others take 650 MB
SIDE, COUNT = 256, 9600
PRINT_PEAK = """
import atexit
atexit.register(lambda: print("peak", open("/proc/self/status").read().split("VmHWM:")[1].split()[0]))
"""
CHANGES = (
    *("epochs=1", f"data.size={SIDE}", f"data.train_size={SIDE}", "augment={}"),
    *("net.kind=mlp", "net.widths=[8]", "net.activation=tanh", "net.batch_norm=none", "net.dropout=0.0"),
    "optimiser={name = 'adam', learning_rate = 1e-5}",
)
ARGUMENTS = ("train", "pictures", *(word for change in CHANGES for word in ("--set", change)))


def _write_images(folder: Path) -> Path:
    """Images of two classes: light on the left or on the right. Most are hard links to a few files."""
    for label, left in (("left", 0), ("right", SIDE // 2)):
        (folder / label).mkdir(parents=True)
        for number in range(COUNT // 2):
            file = folder / label / f"{number:05}.jpg"
            if number % 500 == 0:
                first, picture = file, Image.new("RGB", (SIDE, SIDE), (20, 20, 20))
                picture.paste((150 + number // 100,) * 3, (left, 0, left + SIDE // 2, SIDE))
                picture.save(file)
            else:
                os.link(first, file)
    return folder


def test_training_on_more_images_than_memory_stays_below_the_limit(tmp_path: Path) -> None:
    assert COUNT * SIDE * SIDE * 3 > LIMIT * 1.3
    pictures = _write_images(tmp_path / "pictures")
    result = wait(start(tmp_path, *ARGUMENTS, "--set", f"data.path={pictures}", prelude=PRINT_PEAK), seconds=900)
    assert result.returncode == 0, result.stderr
    figures = dict(line.split(" ", 1) for line in result.stdout.splitlines() if " " in line)
    assert int(figures["images:"]) == COUNT // 10 and float(figures["accuracy:"]) > 0.95
    assert int(figures["peak"]) << 10 < LIMIT
    assert sum(path.stat().st_size for path in (tmp_path / "runs").rglob("*")) < LIMIT / 10  # no copy on disk either
