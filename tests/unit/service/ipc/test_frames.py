"""Frames in a stream that reads cut anywhere, and writes that a socket accepts only in part."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ipc.frames import FrameReader, SendBuffer
from service.ipc.wire import PREFIX

frames = st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.binary(max_size=40), st.binary(max_size=200)), max_size=8)


@given(frames, st.lists(st.integers(1, 60), min_size=1))
def test_frames_are_read_wherever_the_stream_is_cut(sent: list[tuple[int, bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(PREFIX.pack(number, len(head), len(body)) + head + body for number, head, body in sent)
    reader, received, position = FrameReader(), [], 0
    while position < len(stream):
        step = cuts[len(received) % len(cuts)]
        received += [
            (frame.number, bytes(frame.head), bytes(frame.body))
            for frame in reader.feed(stream[position : position + step])
        ]
        position += step
    assert received == sent


def test_frame_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError):
        list(FrameReader().feed(PREFIX.pack(1, 1 << 31, 1 << 31)))


def test_unsent_bytes_are_kept_in_order() -> None:
    ours, other = socket.socketpair()
    with ours, other:
        ours.setblocking(False)
        unsent, parts = SendBuffer(), [bytes([index % 251]) * (index * 37 % 5000) for index in range(1500)]
        unsent.add(parts)
        received = bytearray()
        while not unsent.send(ours):
            received += other.recv(1 << 16)
        ours.close()
        while data := other.recv(1 << 16):
            received += data
        assert received == b"".join(parts)


def test_closed_connection_counts_as_an_error() -> None:
    ours, other = socket.socketpair()
    other.close()
    unsent = SendBuffer()
    unsent.add([b"x"])
    with ours, pytest.raises(OSError):
        unsent.send(ours)
