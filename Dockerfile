# The image of Postroom, made of the files of a release (docs/how-to/release.md says how it is published):
#   make release && docker build --tag postroom .
# The base needs glibc and Python 3.11 or newer. A release names its digest: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
COPY dist/ /release/
# Each package by its hash, and our own wheel without asking an index: neither of our names there is ours. Of packages, 2 MB
# are for their own tests and for compilers; the next step imports what is needed.
RUN python3 -m venv /opt/postroom \
    && /opt/postroom/bin/python -m pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: \
        --requirement /release/run.txt \
    && /opt/postroom/bin/python -m pip install --no-cache-dir --no-compile --no-deps --no-index /release/postroom-*.whl \
    && /opt/postroom/bin/python -m pip uninstall --yes --quiet pip setuptools \
    && find /opt/postroom/lib -depth \( -name testing -o -name '*.py[ix]' -o -name '*.pxd' \) -exec rm -r {} +
# Compiled here, since the root is read-only where it runs: ours, and of the packages what processes and commands load. All
# of them would take 23 MB more. "unchecked-hash", because not every registry keeps the times of files.
RUN /opt/postroom/bin/python -B -c "import sys, postroom.cli.service, postroom.cli.check, postroom.cli.status; \
        print(*(str(getattr(each, '__file__', '')) for each in sys.modules.values()), sep='\n')" \
    | grep '^/opt/postroom/.*[.]py$' \
    | /opt/postroom/bin/python -m compileall -fq --invalidation-mode unchecked-hash -i - \
        /opt/postroom/lib/python3*/site-packages/postroom \
    && cp /release/postroom-*.cdx.json /opt/postroom/sbom.cdx.json

FROM ${BASE}
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Postroom" \
    org.opencontainers.image.description="A mailbox on Stalwart for every identity of Ory Kratos, whatever breaks." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# A name for the uid: commands record who typed them.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin postroom
COPY --from=build /opt/postroom /opt/postroom
# `postroom work` has a port of its own here, at which its health can be asked.
ENV PATH=/opt/postroom/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    POSTROOM_WORK_HOST=0.0.0.0 \
    POSTROOM_WORK_PORT=3002
# As a number, so that Kubernetes sees that it is not root (runAsNonRoot).
USER 10001:10001
EXPOSE 3001 3002
STOPSIGNAL SIGTERM
# Of `serve`. For `work` pass --health-cmd "postroom health --worker".
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["postroom", "health"]
ENTRYPOINT ["postroom"]
CMD ["serve"]
