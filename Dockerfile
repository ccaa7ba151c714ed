FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# The dependencies come first and alone: a change in our own code does not install them again.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv tools && tools/bin/pip install --quiet --require-hashes -r requirements-build.lock \
 && python -m venv /app/.venv && /app/.venv/bin/pip install --quiet --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir wheel . \
 && /app/.venv/bin/pip install --quiet --no-deps --no-index wheel/*.whl

FROM python:3.13-slim-trixie
ARG VERSION=0.4.0
LABEL org.opencontainers.image.title="scrobbled" \
      org.opencontainers.image.description="Takes webhooks from your media servers and keeps Serializd and Trakt complete" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      io.hass.type="app" \
      io.hass.version="${VERSION}" \
      io.hass.arch="aarch64|amd64"
ENV PATH=/app/.venv/bin:$PATH \
    HOME=/tmp \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A fresh named volume takes its owner from the image, so uid 1000 can write to /data without any preparation.
RUN groupadd --gid 1000 scrobbled \
 && useradd --uid 1000 --gid 1000 --home-dir /data --no-create-home --shell /usr/sbin/nologin scrobbled \
 && install -d -o 1000 -g 1000 -m 0755 /data /config
COPY --from=build /app/.venv /app/.venv
WORKDIR /data
# There is no USER line: Home Assistant gives the container a /data that only root may write, and has no setting for
# the user. Everywhere else run it as 1000:1000, as docker-compose.yml does.
VOLUME ["/data"]
EXPOSE 8484
STOPSIGNAL SIGTERM
# Asks whether this process answers, never whether a tracker does: a restart would not bring a tracker back. A proxy
# from the environment must not be asked for our own address.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8484/health/live', timeout=4)"]
ENTRYPOINT ["scrobbled"]
CMD ["serve"]
