"""Which versions answer, and what they answer."""

from docker.observe.panels.panel import BY_POD, Query, Row, plot, show_name, show_states

_VERSION = "{{model}} {{version}}"


def list_rows() -> list[Row]:
    return [_make_versions(), _make_predictions()]


def _rate(metric: str, by: str = "model, version", place: str = "<model>") -> str:
    return f"sum by ({by}) (rate({metric}{{{place}}}<interval>))"


def _make_versions() -> Row:
    return Row(
        "Versions and labels",
        [
            show_states(
                "Pods in which a version answers",
                "",
                Query('sum by (model, version) (inkpaw_model_state{<model>, state="AVAILABLE"})', _VERSION),
            ),
            plot(
                "Requests by version",
                "Labels, as `stable` and `canary`, choose the version of a request; so this shows a canary's share.",
                "reqps",
                Query(_rate("inkpaw_requests_total"), _VERSION),
                stack=True,
            ),
            show_name(
                "Build",
                "Pods by what they run.",
                Query(
                    "count by (version, python, tensorflow) (inkpaw_build_info{<pod>})",
                    "Inkpaw {{version}}, Python {{python}}, TensorFlow {{tensorflow}}",
                ),
            ),
            plot(
                "Time to load and warm",
                "The slowest pod, and what runs the version: LiteRT, TensorFlow, or both.",
                "s",
                Query(
                    "max by (model, version, runtime) (inkpaw_model_load_seconds{<model>}"
                    " * on (namespace, pod, instance, model, version) group_left(runtime)"
                    " (inkpaw_model_runtime{<model>} > 0))",
                    f"{_VERSION} {{{{runtime}}}}",
                ),
            ),
            plot(
                "Versions refused",
                "Since the pods started, by reason; docs/versions.md explains them.",
                "none",
                Query("sum by (model, reason) (inkpaw_version_refused_total{<model>})", "{{model}} {{reason}}"),
            ),
            plot(
                "Model folder",
                "1 while it cannot be read, or is empty while models serve.",
                "none",
                Query("max by (pod, instance) (inkpaw_model_dir_problem{<pod>})", BY_POD),
                top=1,
                limits=(1.0,),
            ),
        ],
    )


def _make_predictions() -> Row:
    confident, scored = (_rate(f"inkpaw_{name}_count") for name in ("confidence", "outlier_score"))
    usual = _rate("inkpaw_outlier_score_bucket", place='<model>, le="0.99"')
    by_label = _rate("inkpaw_predictions_total", "model, version, label")
    all_labels = _rate("inkpaw_predictions_total")
    return Row(
        "Predictions and drift",
        [
            plot("Images classified", "Per second.", "none", Query(all_labels, _VERSION)),
            plot(
                "Predictions by label",
                "Share of a version's predictions.",
                "percentunit",
                Query(f"{by_label} / on (model, version) group_left () {all_labels}", f"{_VERSION} {{{{label}}}}"),
                top=1,
            ),
            plot(
                "Drift",
                "Population stability index of the last hour, in the pod that drifts most: 0.1 is a small shift, 0.25 "
                "a large one. None below 1000 images.",
                "none",
                Query(
                    "max by (model, version, distribution) (inkpaw_drift{<model>})", f"{_VERSION} {{{{distribution}}}}"
                ),
                limits=(0.1, 0.25),
            ),
            plot(
                "Mean confidence",
                "Probability of the predicted label.",
                "percentunit",
                Query(f"{_rate('inkpaw_confidence_sum')} / {confident}", _VERSION),
                top=1,
            ),
            plot(
                "Confidence of the least certain tenth",
                "A tenth of the images is predicted with less.",
                "percentunit",
                Query(f"histogram_quantile(0.1, {_rate('inkpaw_confidence_bucket', 'le, model, version')})", _VERSION),
                top=1,
            ),
            plot(
                "Images unlike the training images",
                "Share with an outlier score above 0.99. Of images like those of validation it is 1%.",
                "percentunit",
                Query(f"1 - {usual} / {scored}", _VERSION),
                limits=(0.05, 0.2),
            ),
        ],
    )
