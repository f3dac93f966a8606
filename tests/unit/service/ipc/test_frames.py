"""A stream of frames, cut anywhere, and a socket that takes what it likes."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ipc.frames import FrameReader, SendBuffer
from service.ipc.wire import PREFIX

frames = st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.binary(max_size=40), st.binary(max_size=200)), max_size=8)


@given(frames, st.lists(st.integers(1, 60), min_size=1))
def test_frames_come_out_whole_wherever_the_stream_is_cut(
    sent: list[tuple[int, bytes, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(PREFIX.pack(number, len(head), len(body)) + head + body for number, head, body in sent)
    reader, got, at = FrameReader(), [], 0
    while at < len(stream):
        step = cuts[len(got) % len(cuts)]
        got += [(frame.number, bytes(frame.head), bytes(frame.body)) for frame in reader.feed(stream[at : at + step])]
        at += step
    assert got == sent


def test_frame_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError):
        list(FrameReader().feed(PREFIX.pack(1, 1 << 31, 1 << 31)))


def test_unsent_bytes_are_kept_in_order() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        unsent, parts = SendBuffer(), [bytes([at % 251]) * (at * 37 % 5000) for at in range(1500)]
        unsent.add(parts)
        got = bytearray()
        while not unsent.send(near):
            got += far.recv(1 << 16)
        near.close()
        while data := far.recv(1 << 16):
            got += data
        assert got == b"".join(parts)


def test_closed_connection_counts_as_an_error() -> None:
    near, far = socket.socketpair()
    far.close()
    unsent = SendBuffer()
    unsent.add([b"x"])
    with near, pytest.raises(OSError):
        unsent.send(near)
