"""Chooses the runtime of each signature, and imports it only then."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal, NamedTuple

from service.engine.runtimes.program import Program
from service.engine.saved_model_file import read_signature_defs
from service.engine.signature_def import describe, select_signatures
from service.errors import BadRequest
from service.hardware import has_tensorflow
from service.litert import LITERT_PATH

_HOW_TO_GET_IT = "`python -m training convert` makes one"


class Opened(NamedTuple):
    """The programs of a version, and in a sentence each why signatures are not served."""

    programs: list[Program]
    unserved: dict[str, str]


class Runtimes:
    """What the engine of one device runs, by INKPAW_RUNTIME.

    A version with a LiteRT form runs in LiteRT. All others, and signatures that a form lacks, run in TensorFlow, if
    that is allowed and installed. On a GPU everything runs in TensorFlow.
    """

    def __init__(
        self,
        setting: Literal["auto", "tensorflow", "litert"] = "auto",
        on_gpu: bool = False,
        threads: int = 1,
        on_tensorflow: Callable[[], None] = lambda: None,
    ) -> None:
        """`threads` run batches at the same time. `on_tensorflow` is called before TensorFlow loads a version."""
        self._litert = setting != "tensorflow" and not on_gpu
        self._why_not_tensorflow = ""
        if setting == "litert" and not on_gpu:
            self._why_not_tensorflow = "INKPAW_RUNTIME=litert runs nothing else"
        elif not has_tensorflow():
            self._why_not_tensorflow = "TensorFlow, which needs none, is not installed here"
        self._threads = threads
        self._on_tensorflow = on_tensorflow

    def open(self, version_dir: Path, mixed: bool) -> Opened:
        """Raises BadRequest for a version that cannot be served here, and what the runtime raises for a broken one."""
        if not self._litert or not (version_dir / LITERT_PATH).is_file():
            if self._why_not_tensorflow:
                raise BadRequest(f"It has no LiteRT form ({LITERT_PATH}), and {self._explain()}.")
            return Opened([self._open_tensorflow(version_dir, mixed)], {})
        from service.engine.runtimes.litert import LiteRtProgram

        definitions = select_signatures(read_signature_defs(version_dir))
        signatures = {name: describe(definition) for name, definition in definitions.items()}
        form = LiteRtProgram(version_dir, signatures, self._threads)
        missing = [name for name in signatures if name not in form.signatures]
        if not missing:
            return Opened([form], {})
        if not self._why_not_tensorflow:
            return Opened([form, self._open_tensorflow(version_dir, mixed, without=form.signatures)], {})
        sentence = f"it is not in the LiteRT form ({LITERT_PATH}), and {self._explain()}"
        return Opened([form], dict.fromkeys(missing, sentence))

    def _explain(self) -> str:
        return f"{self._why_not_tensorflow}: {_HOW_TO_GET_IT}"

    def _open_tensorflow(self, version_dir: Path, mixed: bool, without: Collection[str] = ()) -> Program:
        from service.engine.runtimes.tensorflow import TensorFlowProgram

        self._on_tensorflow()
        return TensorFlowProgram(version_dir, mixed, without)
