# Any base with Python 3.11 or later and its venv module will do. Its own TensorFlow is used if it has one, so that the
# default brings CUDA; on plain Debian the CPU build is installed.
ARG BASE_IMAGE=tensorflow/tensorflow:2.21.0-gpu

FROM ${BASE_IMAGE} AS build
COPY lock/serve.txt lock/cpu.txt lock/train.txt /lock/
# 1 for an image that can train as well: `python -m training`.
ARG TRAINING=
# Headers and libclang, 350 MB, are for those who build against TensorFlow.
RUN if python3 -c "import tensorflow" 2>/dev/null; then lock=serve; else lock=cpu; fi \
    && python3 -m venv --system-site-packages /opt/inkpaw \
    && /opt/inkpaw/bin/pip install --no-cache-dir --require-hashes -r /lock/$lock.txt \
    && if [ -n "$TRAINING" ]; then \
        /opt/inkpaw/bin/pip install --no-cache-dir --require-hashes -r /lock/train.txt; fi \
    && /opt/inkpaw/bin/pip uninstall --yes pip \
    && rm -rf /opt/inkpaw/lib/python3*/site-packages/tensorflow/include /opt/inkpaw/lib/python3*/site-packages/clang \
    && /opt/inkpaw/bin/python -c "import tensorflow"
WORKDIR /app
COPY models models
COPY service service
COPY training training
# Nobody can write beside the code when it runs. Modes are those of whoever built, and folders may be private there.
RUN if [ -z "$TRAINING" ]; then rm -r training; fi \
    && /opt/inkpaw/bin/python -m compileall -q --invalidation-mode unchecked-hash . && chmod -R a+rX .

FROM ${BASE_IMAGE}
COPY --from=build /opt/inkpaw /opt/inkpaw
COPY --from=build /app /app
WORKDIR /app
# HOME is for libraries that want one: /tmp is all that has to be writable.
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
# Liveness: who acts on this ends the container, and one that loads or drains must not be ended. No urllib: it would
# follow http_proxy.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-ISc", "import os, sys, http.client; \
    asked = http.client.HTTPConnection('127.0.0.1', int(os.environ['INKPAW_PORT']), timeout=4); \
    asked.request('GET', '/livez'); \
    sys.exit(asked.getresponse().status != 200)"]
# The base's entrypoint would print a banner before every start.
ENTRYPOINT []
CMD ["python", "-m", "service"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Inkpaw" \
      org.opencontainers.image.description="Handwritten digits, cats or dogs, and a GAN that draws digits, served in batches" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
