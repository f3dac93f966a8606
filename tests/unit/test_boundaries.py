"""The walls: which room of `service` and of `training` may import which, as one table without exceptions."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "service/client"

_API = (
    "service.access "
    "service.catalog service.errors service.web.body service.web.codecs service.web.dataplane service.web.health "
    "service.web.inputs service.web.request service.web.response service.web.route_doc service.web.routing"
)
# what training may use of the service
_SHARED = "service.errors service.hardware service.images service.litert service.manifest"
_TRAINING = (
    "errors | recipes | run nets data | model_store plots | input | export fit | evaluation | publish | pipeline | "
    "studies | report | cli | __main__"
)  # from the bottom up; rooms of one floor do not import each other

ALLOWED = {
    "service.errors": "",
    "service.client_socket": "",
    "service.version": "",
    "service.hardware": "",
    "service.heartbeat": "",
    "service.parent": "",
    "service.logs": "",
    "service.gunicorn_logger": "",
    "service.metrics_file": "",
    "service.metrics_folder": "service.errors service.metrics_file",
    "service.metrics": "service.metrics_file",
    "service.images": "service.errors",
    "service.plain_file": "",
    "service.access": "service.errors service.plain_file service.settings",
    "service.litert": "service.plain_file",
    "service.manifest": "service.images service.plain_file",
    "service.catalog": "service.errors service.manifest",
    "service.settings": "service.hardware",
    "service.runtime_dir": "service.settings",
    "service.preflight": "service.access service.hardware service.settings",
    "service.binding": "service.settings",
    "service.children": "service.hardware service.heartbeat service.metrics service.settings",
    "service.supervisor": "service.children service.heartbeat service.metrics_folder",
    "service.master": "service.parent service.supervisor",
    "service.gunicorn_app": "service.binding service.children service.gunicorn_logger service.hardware service.logs "
    "service.master service.metrics_folder service.settings service.supervisor service.web.app",
    "service.__main__": "service.access service.binding service.gunicorn_app service.logs service.preflight "
    "service.runtime_dir service.settings",
    "service.client": "",
    "service.ipc": "service.catalog service.client_socket service.errors service.heartbeat",
    "service.engine": "service.catalog service.errors service.hardware service.heartbeat service.ipc service.litert "
    "service.logs service.manifest service.metrics service.metrics_folder service.parent service.plain_file "
    "service.settings",
    "service.web.budget": "service.errors",
    "service.web.memory": "",
    "service.web.body": "service.errors service.web.budget",
    "service.web.content_encoding": "service.client_socket service.errors service.web.budget",
    "service.web.codecs": "service.client_socket service.errors service.images service.web.body service.web.budget",
    "service.web.rate_limit": "",
    "service.web.tracing": "service.errors service.version service.web.rate_limit",
    "service.web.context": "service.ipc service.settings service.web.budget service.web.codecs service.web.tracing",
    "service.web.request": "service.access service.client_socket service.errors "
    "service.web.body service.web.budget service.web.content_encoding service.web.context service.web.tracing",
    "service.web.response": "",
    "service.web.route_doc": "service.errors",
    "service.web.routing": "service.access "
    "service.errors service.web.request service.web.response service.web.route_doc",
    "service.web.openapi": "service.access service.errors service.version service.web.route_doc service.web.routing",
    "service.web.error_response": "service.errors service.web.response service.web.routing",
    "service.web.middleware": "service.access service.errors service.metrics service.web.rate_limit "
    "service.web.request service.web.response service.web.routing service.web.tracing",
    "service.web.dispatch": "service.errors service.metrics service.web.error_response service.web.middleware "
    "service.web.request service.web.response service.web.routing",
    "service.web.dataplane": "service.catalog service.errors service.ipc service.manifest service.metrics "
    "service.web.codecs "
    "service.web.request service.web.response",
    "service.web.health": "service.errors service.web.context",
    "service.web.playground": "service.errors service.web.request service.web.response",
    "service.web.inputs": "service.catalog service.errors "
    "service.web.body service.web.codecs service.web.dataplane service.web.request",
    "service.web.api.documentation": f"{_API} service.web.openapi",
    "service.web.api.native": _API,
    "service.web.api.open_inference": f"{_API} service.version",
    "service.web.api.open_inference.rpc": f"{_API} service.web.api.open_inference service.web.context",
    "service.web.api.operations": f"{_API} service.metrics service.metrics_folder service.version "
    "service.web.playground",
    "service.web.api.tensorflow_serving": _API,
    "service.web.app": "service.access service.settings service.web.memory service.web.api.documentation "
    "service.web.api.native service.web.api.open_inference service.web.api.operations "
    "service.web.api.tensorflow_serving service.web.context service.web.dispatch service.web.middleware "
    "service.web.request service.web.response service.web.routing",
    "service.web.server.admission": "service.errors service.web.error_response service.web.middleware "
    "service.web.routing",
    "service.web.server": "service.client_socket "
    "service.errors service.metrics service.web.app service.web.body service.web.context "
    "service.web.dispatch service.web.error_response service.web.middleware service.web.request service.web.response "
    "service.web.routing service.web.server.admission",
    "service.rpc": "service.access service.errors service.heartbeat service.ipc service.logs service.metrics "
    "service.parent service.settings service.web.api.open_inference.rpc service.web.context service.web.dispatch "
    "service.web.error_response service.web.health service.web.memory service.web.middleware service.web.request "
    "service.web.response service.web.routing service.web.server.admission",
}
for _floor in [floor.split() for floor in _TRAINING.split("|")]:
    _below = " ".join(room for room in ALLOWED if room.startswith("training."))
    ALLOWED |= {f"training.{room}": f"{_SHARED} {_below}" for room in _floor}


def get_room(module: str) -> str | None:
    """The room of a module: the longest name in the table that it lies in."""
    rooms = [room for room in ALLOWED if module == room or module.startswith(f"{room}.")]
    return max(rooms, key=len, default=None)


def list_modules() -> Iterator[tuple[str, Path]]:
    for path in sorted([*(ROOT / "service").rglob("*.py"), *(ROOT / "training").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def list_imports(path: Path) -> Iterator[str]:
    """The modules that a file imports; for `from a import b`, `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{get_base(node, path)}.{alias.name}" for alias in node.names)


def get_base(node: ast.ImportFrom, path: Path) -> str:
    """The module that names are imported from. Only the client, whose package has two names, imports relatively."""
    if node.level == 0:
        return str(node.module)
    assert path.is_relative_to(CLIENT), f"{path}: a relative import"
    folder = path.relative_to(ROOT).parents[node.level - 1]
    return ".".join([*folder.parts, *filter(None, [node.module])])


def find_crossings() -> list[str]:
    """Every import that crosses a wall."""
    crossings = []
    for module, path in list_modules():
        room = get_room(module)
        for name in list_imports(path):
            target = get_room(name)
            if room and target and target != room and target not in ALLOWED[room].split():
                crossings.append(f"{module} imports {name}")
    return crossings


def test_no_import_crosses_a_wall() -> None:
    assert find_crossings() == []


def test_every_module_has_a_room() -> None:
    packages = {"service", "service.web", "service.web.api", "training"}  # docstrings only
    assert [module for module, _ in list_modules() if get_room(module) is None and module not in packages] == []


def test_client_never_says_its_own_name() -> None:
    sources = {path: path.read_text() for path in CLIENT.rglob("*.py")}
    assert len(sources) > 15
    assert [path for path, source in sources.items() if re.search(r"^\s*(from|import) service", source, re.M)] == []


def test_there_are_imports_to_check() -> None:
    pairs = {(get_room(module), get_room(name)) for module, path in list_modules() for name in list_imports(path)}
    assert len([pair for pair in pairs if None not in pair]) > 100


@pytest.mark.parametrize(
    "module", ["service.web.app", "service.gunicorn_app", "service.ipc.pool", "service.rpc.process"]
)
def test_no_process_but_the_engine_ever_holds_tensorflow(module: str) -> None:
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_workers_pay_for_no_grpc() -> None:
    code = (
        "import sys, service.web.app, service.gunicorn_app; sys.exit('grpc' in sys.modules or 'google' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
