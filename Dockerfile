# Any base image with Python 3.11 or later and its venv module works. If it has TensorFlow, that one is used, so the
# default base image comes with CUDA. On plain Debian the CPU build of TensorFlow is installed. A digest pins the base:
# --build-arg BASE_IMAGE=tensorflow/tensorflow:2.21.0-gpu@sha256:...
#
# RUNTIME=litert builds a small image for CPUs, without TensorFlow. Its models need a LiteRT form.
ARG RUNTIME=
ARG SMALL_BASE_IMAGE=${RUNTIME:+python:3.12-slim-trixie}
ARG BASE_IMAGE=${SMALL_BASE_IMAGE:-tensorflow/tensorflow:2.21.0-gpu}

FROM ${BASE_IMAGE} AS build
COPY lock/serve.txt lock/cpu.txt lock/litert.txt lock/train.txt /lock/
ARG RUNTIME
# TRAINING=1 builds an image that can also train: `python -m training`.
ARG TRAINING=
# The same input must give the same bytes: bytecode without times, and sets in it in one order.
ENV PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
# TensorFlow's headers and libclang (350 MB) are removed: only builds against TensorFlow need them. So are numpy's own tests
# (17 MB), and without TensorFlow parts of LiteRT for GPUs, phones and conversion (40 MB). Bytecode is compiled here,
# because the files are read-only at run time.
RUN if [ "$RUNTIME" = litert ]; then lock=litert; \
    elif python3 -c "import tensorflow" 2>/dev/null; then lock=serve; else lock=cpu; fi \
    && python3 -m venv --system-site-packages /opt/inkpaw \
    && /opt/inkpaw/bin/pip install --no-cache-dir --no-compile --require-hashes -r /lock/$lock.txt \
    && if [ -n "$TRAINING" ]; then \
        /opt/inkpaw/bin/pip install --no-cache-dir --no-compile --require-hashes -r /lock/train.txt; fi \
    && /opt/inkpaw/bin/pip uninstall --yes setuptools pip \
    && find /opt/inkpaw/lib/python3*/site-packages/numpy -type d -name tests -prune -exec rm -r {} + \
    && rm -rf /opt/inkpaw/lib/python3*/site-packages/tensorflow/include /opt/inkpaw/lib/python3*/site-packages/clang \
    && if [ "$RUNTIME" = litert ]; then for part in libLiteRtWebGpuAccelerator.so libLiteRt.so aot tools vendors; do \
        rm -r /opt/inkpaw/lib/python3*/site-packages/ai_edge_litert/$part; done; fi \
    && (/opt/inkpaw/bin/python -m compileall -qqf --invalidation-mode unchecked-hash /opt/inkpaw/lib || true) \
    && if [ "$RUNTIME" != litert ]; then /opt/inkpaw/bin/python -c "import tensorflow"; fi
WORKDIR /app
COPY models models
COPY service service
COPY training training
# Files keep the modes of the build machine, where folders may be private, so every user gets read access.
RUN if [ -z "$TRAINING" ]; then rm -r training; fi \
    && /opt/inkpaw/bin/python -m compileall -qf --invalidation-mode unchecked-hash . && chmod -R a+rX .

FROM ${BASE_IMAGE}
COPY --from=build /opt/inkpaw /opt/inkpaw
COPY --from=build /app /app
WORKDIR /app
# Some libraries need a HOME. Only /tmp has to be writable.
ENV PATH=/opt/inkpaw/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    INKPAW_HOST=0.0.0.0 \
    INKPAW_PORT=8080 \
    INKPAW_MODEL_DIR=/app/models \
    INKPAW_RUNTIME_DIR=/tmp/inkpaw
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Liveness, not readiness: an orchestrator stops an unhealthy container, but it must not stop one that loads models or
# drains. http.client is used, because urllib would follow http_proxy. A certificate is for other names than loopback, so
# it is not checked.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-ISc", "import os, ssl, sys, http.client; \
    address = ('127.0.0.1', int(os.environ['INKPAW_PORT'])); \
    connection = http.client.HTTPSConnection(*address, timeout=4, context=ssl._create_unverified_context()) \
        if os.environ.get('INKPAW_TLS_CERT') else http.client.HTTPConnection(*address, timeout=4); \
    connection.request('GET', '/livez'); \
    sys.exit(connection.getresponse().status != 200)"]
# The entrypoint of the base image would print a banner at every start.
ENTRYPOINT []
CMD ["python", "-m", "service"]
ARG BASE_IMAGE
ARG VERSION=dev
ARG REVISION=unknown
# The time of the revision's commit, as in 2026-01-31T12:00:00Z: the time of the build would change every digest.
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Inkpaw" \
      org.opencontainers.image.description="Handwritten digits, cats or dogs, and a GAN that draws digits, served in batches" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
