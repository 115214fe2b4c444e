# One image for every role: api, worker, clock and the one-shot migration. Nothing is installed but what the lock names.
ARG PYTHON_IMAGE=python:3.13.9-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements/ requirements/
RUN python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/bootstrap.lock \
 && python -m venv /opt/carepath \
 && uv pip sync --no-cache --compile-bytecode --require-hashes --python /opt/carepath/bin/python requirements/core.lock
COPY pyproject.toml README.md ./
COPY orchestrator/ orchestrator/
COPY workers/ workers/
COPY workflows/ workflows/
RUN uv pip install --no-cache --compile-bytecode --no-deps --no-build-isolation --python /opt/carepath/bin/python .

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 carepath \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin carepath \
 && install -d -o carepath -g carepath -m 0700 /keys
COPY --from=build /opt/carepath /opt/carepath
ENV PATH=/opt/carepath/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TZ=UTC
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000 9100
CMD ["carepath", "api", "--host", "0.0.0.0", "--port", "8000"]
