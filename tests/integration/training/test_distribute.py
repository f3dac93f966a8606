"""Several processes that train one model, and the loss of one of them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.training import Process, run, start, start_workers, wait
from tests.support.waiting import until

PLAN = ("epochs=8", "steps=45", "optimiser.name=adam", "optimiser.learning_rate=1e-3", "batch_size=32")
WORDS = ("train", "digits8-cnn", *(word for change in PLAN for word in ("--set", change)))
# options with a state per device: averages of batch norms and of weights
MORE = ("epochs=2", "net.batch_norm=before", "ema=0.9", "sam_rho=0.5", "augment={rotation = 5.0}")
SHORT = (*WORDS[2:], *(word for change in MORE for word in ("--set", change)))


def _history(folder: Path) -> list[dict[str, float]]:
    with (folder / "runs/digits8-cnn/history.csv").open() as lines:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]


def _epochs(folder: Path) -> int:
    """The number of saved epochs."""
    saved = folder.glob("runs/digits8-cnn/checkpoints/ckpt-*.index")
    return max((int(path.stem.rpartition("-")[2]) for path in saved), default=0)


def _accuracy(output: str) -> float:
    return next(float(line.split(": ")[1]) for line in output.splitlines() if line.startswith("accuracy: "))


def _kill(team: list[Process], victim: int) -> None:
    """Kills one worker; the other must end soon, with a readable error and an exit code that has it restarted."""
    team[victim].kill()
    wait(team[victim])
    survivor = wait(team[1 - victim], seconds=90)
    assert survivor.returncode == 1, survivor.stderr
    assert "worker was lost" in survivor.stderr and "Traceback" not in survivor.stderr


@pytest.fixture
def team(tmp_path: Path) -> Iterator[list[Process]]:
    """The processes of a test, which end with it."""
    started: list[Process] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_two_workers_resume_after_losses_and_end_like_one_process(tmp_path: Path, team: list[Process]) -> None:
    together, alone = tmp_path / "together", tmp_path / "alone"
    together.mkdir()
    alone.mkdir()
    for victim, epochs in ((1, 1), (0, 3)):
        pair = start_workers(together, 2, *WORDS)
        team.extend(pair)
        until(lambda epochs=epochs: _epochs(together) >= epochs, 180, "an epoch is saved")
        _kill(pair, victim)
    pair = start_workers(together, 2, *WORDS)
    team.extend(pair)
    chief, other = (wait(process) for process in pair)
    assert (chief.returncode, other.returncode) == (0, 0), chief.stderr + other.stderr
    assert "Epoch 1/8" not in chief.stdout and "Epoch 8/8" in chief.stdout

    single = run(alone, *WORDS)
    assert single.returncode == 0, single.stderr
    assert [row["epoch"] for row in _history(together)] == list(range(8))
    for both, one in zip(_history(together), _history(alone), strict=True):
        assert both["loss"] == pytest.approx(one["loss"], rel=0.02, abs=0.005)
        assert both["val_accuracy"] == pytest.approx(one["val_accuracy"], abs=0.02)
    assert _accuracy(chief.stdout) == pytest.approx(_accuracy(single.stdout), abs=0.02)


def test_several_devices_of_one_machine_end_like_one_device_and_like_workers(
    tmp_path: Path, team: list[Process]
) -> None:
    split = "import tensorflow as tf; tf.config.set_logical_device_configuration(" + (
        "tf.config.list_physical_devices('CPU')[0], [tf.config.LogicalDeviceConfiguration()] * 2)"
    )
    both = run(tmp_path, *WORDS[:2], "--distribute", "mirrored", *SHORT, prelude=split)
    assert both.returncode == 0, both.stderr
    together = _history(tmp_path)
    apart = tmp_path / "apart"
    apart.mkdir()
    team.extend(start_workers(apart, 2, *WORDS[:2], *SHORT))
    for process in team:
        assert (done := wait(process)).returncode == 0, done.stderr
    assert _history(apart)[-1] == pytest.approx(together[-1], rel=0.02, abs=0.01)
    one = run(tmp_path, *WORDS[:2], "--fresh", *SHORT)
    assert one.returncode == 0, one.stderr
    # BatchNorm sees half a batch per device, and each half is augmented differently: losses differ, accuracy does not
    assert together[-1]["val_accuracy"] > 0.85
    assert together[-1]["val_accuracy"] == pytest.approx(_history(tmp_path)[-1]["val_accuracy"], abs=0.05)


@pytest.mark.parametrize(
    ("words", "config", "reason"),
    [
        (("train", "digits8-cnn", "--distribute", "multiworker"), "", "TF_CONFIG"),
        (("train", "digits8-cnn", "--distribute", "multiworker"), '{"cluster": {}}', "TF_CONFIG"),
        (("train", "digits-gan", "--distribute", "mirrored"), "", "one device"),
    ],
)
def test_what_cannot_be_distributed_is_refused_with_a_reason(
    tmp_path: Path, words: tuple[str, ...], config: str, reason: str
) -> None:
    refused = wait(start(tmp_path, *words, TF_CONFIG=config))
    assert refused.returncode == 1 and reason in refused.stderr and "Traceback" not in refused.stderr
