"""The warm-up file of TensorFlow Serving: valid requests are read, and no content can break or fill the engine."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from service.engine import warmup
from service.engine.warmup import WARMUP_PATH, prediction_log, read_examples
from tests.support.saved_models import write_warmup
from tests.support.waiting import call_with_timeout

TEXT = {"text": np.array([b"\xff\0", b"ink"], object), "scale": np.array(2.5, np.float32)}


def test_requests_are_read_with_their_signature(tmp_path: Path) -> None:
    write_warmup(tmp_path, TEXT, TEXT, signature="double")
    (name, inputs), _ = read_examples(tmp_path)
    assert (name, inputs["text"].tolist(), inputs["scale"].tolist()) == ("double", [b"\xff\0", b"ink"], 2.5)


def test_bytes_of_a_real_file_are_read(tmp_path: Path) -> None:
    """Written field by field, as tensorflow_serving.apis does: predict_log 6, request 1, model_spec 1, inputs 2."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    tensor = b"\x08\x07" + field(2, field(2, b"\x08\x01")) + field(8, b"ink")  # DT_STRING, [1], string_val
    spec = field(1, b"net") + field(2, b"\x08\x05") + field(3, b"double")
    request = field(1, spec) + field(2, field(1, b"text") + field(2, tensor)) + field(3, b"only")
    record = field(1, b"") + field(6, field(1, request))
    path = tmp_path / WARMUP_PATH
    path.parent.mkdir()
    path.write_bytes(struct.pack("<QI", len(record), 7) + record + bytes(4))
    ((name, inputs),) = read_examples(tmp_path)
    assert (name, {key: array.tolist() for key, array in inputs.items()}) == ("double", {"text": [b"ink"]})


def test_other_logs_are_skipped(tmp_path: Path) -> None:
    write_warmup(tmp_path, {}, TEXT, {})
    assert len(list(read_examples(tmp_path))) == 1


def test_missing_file_gives_no_example(tmp_path: Path) -> None:
    assert list(read_examples(tmp_path)) == []


@pytest.mark.parametrize(
    "end",
    [b"\x01", struct.pack("<QI", 9, 0) + b"short", struct.pack("<QI", 1 << 62, 0), struct.pack("<QI", 3, 0) + b"???"],
    ids=["half a length", "half a record", "a huge record", "no message"],
)
def test_broken_file_ends_with_one_line(tmp_path: Path, end: bytes, caplog: pytest.LogCaptureFixture) -> None:
    write_warmup(tmp_path, TEXT, end=end)
    assert len(list(read_examples(tmp_path))) == 1
    assert [record.exc_info for record in caplog.records] == [None]


@pytest.mark.parametrize("sizes", [(1 << 40,), (-1,), (1 << 13, 1 << 13)])
def test_tensor_is_not_filled_beyond_the_limit(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    log = prediction_log()()
    tensor = log.predict_log.request.inputs.add(key="x").value
    tensor.dtype = 1
    tensor.float_val.append(1.0)
    for size in sizes:
        tensor.tensor_shape.dim.add(size=size)
    record = log.SerializeToString()
    write_warmup(tmp_path, end=struct.pack("<QI", len(record), 0) + record)
    assert list(read_examples(tmp_path)) == []


def test_no_more_than_the_limit_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert warmup._MAX_RECORDS == 1000
    monkeypatch.setattr(warmup, "_MAX_RECORDS", 3)
    write_warmup(tmp_path, *[TEXT] * 5)
    assert len(list(read_examples(tmp_path))) == 3


def test_fifo_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    os.mkfifo(tmp_path / WARMUP_PATH)
    assert call_with_timeout(lambda: [list(read_examples(tmp_path))]) == [[]]
