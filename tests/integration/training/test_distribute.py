"""Training of one model in several processes, also when one of them is killed."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.training import Process, run, start, start_workers, wait
from tests.support.waiting import wait_until

CHANGES = ("epochs=8", "steps=45", "optimiser.name=adam", "optimiser.learning_rate=1e-3", "batch_size=32")
ARGUMENTS = ("train", "digits8-cnn", *(word for change in CHANGES for word in ("--set", change)))
# options with state per device: BatchNorm statistics and averages of weights
DEVICE_CHANGES = ("epochs=2", "net.batch_norm=before", "ema=0.9", "sam_rho=0.5", "augment={rotation = 5.0}")
DEVICE_ARGUMENTS = (*ARGUMENTS[2:], *(word for change in DEVICE_CHANGES for word in ("--set", change)))


def _read_history(folder: Path) -> list[dict[str, float]]:
    with (folder / "runs/digits8-cnn/history.csv").open() as lines:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]


def _count_epochs(folder: Path) -> int:
    """The number of saved epochs."""
    saved = folder.glob("runs/digits8-cnn/checkpoints/ckpt-*.index")
    return max((int(path.stem.rpartition("-")[2]) for path in saved), default=0)


def _read_accuracy(output: str) -> float:
    return next(float(line.split(": ")[1]) for line in output.splitlines() if line.startswith("accuracy: "))


def _kill(team: list[Process], victim: int) -> None:
    """Kill one worker. The other must end soon, with a readable error and an exit code that leads to a restart."""
    team[victim].kill()
    wait(team[victim])
    survivor = wait(team[1 - victim], seconds=90)
    assert survivor.returncode == 1, survivor.stderr
    assert "worker was lost" in survivor.stderr and "Traceback" not in survivor.stderr


@pytest.fixture
def team(tmp_path: Path) -> Iterator[list[Process]]:
    """The processes that a test starts. They are killed when it ends."""
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_two_workers_resume_after_a_kill_and_match_one_process(tmp_path: Path, team: list[Process]) -> None:
    together, alone = tmp_path / "together", tmp_path / "alone"
    together.mkdir()
    alone.mkdir()
    for victim, epochs in ((1, 1), (0, 3)):
        pair = start_workers(together, 2, *ARGUMENTS)
        team.extend(pair)
        wait_until(lambda epochs=epochs: _count_epochs(together) >= epochs, 180, "an epoch is saved")
        _kill(pair, victim)
    pair = start_workers(together, 2, *ARGUMENTS)
    team.extend(pair)
    chief, other = (wait(process) for process in pair)
    assert (chief.returncode, other.returncode) == (0, 0), chief.stderr + other.stderr
    assert "Epoch 1/8" not in chief.stdout and "Epoch 8/8" in chief.stdout

    single = run(alone, *ARGUMENTS)
    assert single.returncode == 0, single.stderr
    assert [row["epoch"] for row in _read_history(together)] == list(range(8))
    for both, one in zip(_read_history(together), _read_history(alone), strict=True):
        assert both["loss"] == pytest.approx(one["loss"], rel=0.02, abs=0.005)
        assert both["val_accuracy"] == pytest.approx(one["val_accuracy"], abs=0.02)
    assert _read_accuracy(chief.stdout) == pytest.approx(_read_accuracy(single.stdout), abs=0.02)


def test_several_devices_match_one_device_and_several_workers(tmp_path: Path, team: list[Process]) -> None:
    split = "import tensorflow as tf; tf.config.set_logical_device_configuration(" + (
        "tf.config.list_physical_devices('CPU')[0], [tf.config.LogicalDeviceConfiguration()] * 2)"
    )
    both = run(tmp_path, *ARGUMENTS[:2], "--distribute", "mirrored", *DEVICE_ARGUMENTS, prelude=split)
    assert both.returncode == 0, both.stderr
    together = _read_history(tmp_path)
    apart = tmp_path / "apart"
    apart.mkdir()
    team.extend(start_workers(apart, 2, *ARGUMENTS[:2], *DEVICE_ARGUMENTS))
    for process in team:
        assert (result := wait(process)).returncode == 0, result.stderr
    assert _read_history(apart)[-1] == pytest.approx(together[-1], rel=0.02, abs=0.01)
    one = run(tmp_path, *ARGUMENTS[:2], "--fresh", *DEVICE_ARGUMENTS)
    assert one.returncode == 0, one.stderr
    # BatchNorm sees half a batch per device, and each half is augmented differently: losses differ, accuracy does not
    assert together[-1]["val_accuracy"] > 0.85
    assert together[-1]["val_accuracy"] == pytest.approx(_read_history(tmp_path)[-1]["val_accuracy"], abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "config", "reason"),
    [
        (("train", "digits8-cnn", "--distribute", "multiworker"), "", "TF_CONFIG"),
        (("train", "digits8-cnn", "--distribute", "multiworker"), '{"cluster": {}}', "TF_CONFIG"),
        (("train", "digits-gan", "--distribute", "mirrored"), "", "one device"),
    ],
)
def test_unsupported_distribution_is_refused_with_a_reason(
    tmp_path: Path, arguments: tuple[str, ...], config: str, reason: str
) -> None:
    refused = wait(start(tmp_path, *arguments, TF_CONFIG=config))
    assert refused.returncode == 1 and reason in refused.stderr and "Traceback" not in refused.stderr
