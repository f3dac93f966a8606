"""The pictures that a command names: files, folders, globs, zip files and standard input."""

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, is_zipfile

from ..pictures import Picture
from .exit_codes import UsageError

STDIN = "-"
# in a folder or a zip file, other files are left out; a file that is named is always sent
_NAMES = """
    avif bmp dib gif heic heif hif ico j2k jfif jp2 jpe jpeg jpg jpx pbm pgm png pnm ppm tif tiff webp
"""
_SUFFIXES = frozenset(_NAMES.split())


def find_pictures(inputs: Iterable[str]) -> tuple[list[Picture], int]:
    """Each picture once, and how many other files were left out.

    Raises UsageError for what is not there, and if there is no picture at all.
    """
    pictures: dict[str, Picture] = {}
    left_out = 0
    for path in inputs:
        for picture in _open_input(path):
            if picture is None:
                left_out += 1
            else:
                pictures.setdefault(picture.name, picture)
    if not pictures:
        others = f" The other files, {left_out}, do not have the name of a picture." if left_out else ""
        raise UsageError(f"There is no picture to send.{others}")
    return list(pictures.values()), left_out


def read_list(path: str) -> list[str]:
    """The lines of a file, or of stdin. Raises UsageError."""
    try:
        text = sys.stdin.read() if path == STDIN else Path(path).read_text(errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"--files-from {path}: {error.strerror}.") from None
    return text.splitlines()


def _open_input(path: str) -> Iterator[Picture | None]:
    """None stands for a file that was left out."""
    if path == STDIN:
        yield from _read_stdin()
    elif Path(path).is_dir():
        yield from _walk(path)
    elif os.path.lexists(path):
        yield from _open_file(path)
    else:
        # not Path.glob, which takes no absolute pattern
        matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207
        if not matches:
            raise UsageError(f"There is no file or folder '{path}'.")
        for match in matches:
            yield from _walk(match) if Path(match).is_dir() else _open_file(match)


def _walk(folder: str) -> Iterator[Picture | None]:
    """In the order of the names. What starts with a dot is not looked at."""
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            yield _to_picture(Path(parent, name)) if _is_picture(name) else None


def _refuse(error: OSError) -> None:
    raise UsageError(f"The folder '{error.filename}' cannot be read: {error.strerror}.")


def _open_file(path: str) -> Iterator[Picture | None]:
    if path.lower().endswith(".zip") and is_zipfile(path):
        yield from _open_zip(path, _make_name(path))
    else:
        yield _to_picture(Path(path))


def _to_picture(path: Path) -> Picture:
    try:
        size = path.stat().st_size
    except OSError:  # the row of this picture will say why it cannot be read
        size = 0
    return Picture(_make_name(str(path)), size, path.read_bytes)


def _open_zip(file: str | IO[bytes], name: str) -> Iterator[Picture | None]:
    """The pictures inside, as `photos.zip/cats/1.jpg`."""
    try:
        archive = ZipFile(file)
    except (BadZipFile, OSError) as error:
        raise UsageError(f"The zip file '{name}' cannot be read: {error}.") from None
    for entry in archive.infolist():
        if not entry.is_dir():
            read = partial(archive.read, entry)
            is_picture = _is_picture(entry.filename)
            yield Picture(f"{name}/{entry.filename}", entry.file_size, read) if is_picture else None


def _read_stdin() -> Iterator[Picture | None]:
    """One picture, or a zip file of pictures. It may be large, so it waits on the disk."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (open until the pictures are sent)
    shutil.copyfileobj(sys.stdin.buffer, file)
    size = file.tell()
    if is_zipfile(file):
        yield from _open_zip(file, STDIN)
    else:
        file.seek(0)
        yield Picture(STDIN, size, file.read)


def _make_name(path: str) -> str:
    """The path as text that every format can hold: bytes that are not UTF-8 become `\\xff`."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _is_picture(name: str) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    _, dot, suffix = parts[-1].rpartition(".")
    return bool(dot) and not hidden and suffix.lower() in _SUFFIXES
