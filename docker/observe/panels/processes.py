"""The processes of each pod, and its GPUs."""

from docker.observe.panels.panel import BY_POD, Query, Row, plot

_ENGINE_HANGS, _GRPC_HANGS = "inkpaw_engine_hangs_total{<pod>}", "inkpaw_grpc_hangs_total{<pod>}"
_MEMORY = "inkpaw_process_resident_bytes{<pod>}"


def list_rows() -> list[Row]:
    return [_make_processes(), _make_gpu()]


def _make_processes() -> Row:
    return Row(
        "Processes",
        [
            plot(
                "Memory by role",
                "Resident bytes. Pages that processes share count in each.",
                "bytes",
                Query(f"sum by (pod, instance, role) ({_MEMORY})", f"{BY_POD} {{{{role}}}}"),
                stack=True,
            ),
            plot(
                "Largest process by role",
                "",
                "bytes",
                Query(f"max by (role) ({_MEMORY})", "{{role}}"),
            ),
            plot(
                "Processes",
                "",
                "none",
                Query(f"count by (pod, instance, role) ({_MEMORY})", f"{BY_POD} {{{{role}}}}"),
            ),
            plot(
                "Starts of engines and of the gRPC process",
                "In the last hour; those with which a pod begins count too.",
                "none",
                Query("sum by (pod, instance) (increase(inkpaw_engine_starts_total{<pod>}[1h]))", f"{BY_POD} engine"),
                Query("sum by (pod, instance) (increase(inkpaw_grpc_starts_total{<pod>}[1h]))", f"{BY_POD} grpc"),
            ),
            plot(
                "Hangs of engines and of the gRPC process",
                "Those that were killed because they did not move, since the pods started.",
                "none",
                Query(f"sum by (pod, instance, reason) ({_ENGINE_HANGS})", f"{BY_POD} engine {{{{reason}}}}"),
                Query(f"sum by (pod, instance, reason) ({_GRPC_HANGS})", f"{BY_POD} grpc {{{{reason}}}}"),
                limits=(1.0,),
            ),
            plot(
                "Processes without metrics",
                "They found the disk full; what they do is missing on this page.",
                "none",
                Query("sum by (pod, instance) (inkpaw_processes_without_metrics{<pod>})", BY_POD),
                limits=(1.0,),
            ),
        ],
    )


def _make_gpu() -> Row:
    return Row(
        "GPU",
        [
            plot(
                "GPU memory in use",
                "By TensorFlow. Utilisation is that of the engines above: a GPU has one runner.",
                "bytes",
                Query("sum by (pod, instance, device) (inkpaw_gpu_memory_bytes{<pod>})", f"{BY_POD} {{{{device}}}}"),
                width=24,
            ),
        ],
    )
