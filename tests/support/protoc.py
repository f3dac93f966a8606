"""Writes the Python modules of the gRPC protocol: `make proto`."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROTO = ROOT / "service/web/api/open_inference/rpc/inference.proto"
NAMES = ("inference_pb2.py", "inference_pb2.pyi")

# Clients of the protocol register messages of the same names in the default pool, and may be in the same process.
_DEFAULT_POOL, _OWN_POOL = "_descriptor_pool.Default()", "_descriptor_pool.DescriptorPool()"


def make_modules() -> dict[str, str]:
    """The texts of the modules by file name."""
    with tempfile.TemporaryDirectory() as folder:
        options = [f"--proto_path={PROTO.parent}", f"--python_out={folder}", f"--pyi_out={folder}", str(PROTO)]
        # in a process of its own: the compiler and TensorFlow each bring a protobuf library, and one of them crashes
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *options], check=True)
        texts = {name: Path(folder, name).read_text() for name in NAMES}
    assert _DEFAULT_POOL in texts[NAMES[0]]
    return {name: text.replace(_DEFAULT_POOL, _OWN_POOL) for name, text in texts.items()}


if __name__ == "__main__":
    for name, text in make_modules().items():
        (PROTO.parent / name).write_text(text)
