FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# The dependencies come first and alone: a change in our own code does not install them again.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv tools && tools/bin/pip install --quiet --require-hashes -r requirements-build.lock \
 && python -m venv --without-pip /app/.venv \
 && tools/bin/pip --python /app/.venv/bin/python install --quiet --no-compile --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
# Two of what the dependencies bring are never used here: pip, and people's names in seventy languages.
# Compiled without times, so that two builds give the same files, and unchecked, as nobody changes them afterwards.
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir wheel . \
 && tools/bin/pip --python /app/.venv/bin/python install --quiet --no-compile --no-deps --no-index wheel/*.whl \
 && tools/bin/pip --python /app/.venv/bin/python uninstall --quiet --yes pip \
 && find /app/.venv/lib -depth -type d -path "*/faker/providers/*/*_*" ! -name en_US -exec rm -r {} + \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/.venv/lib

# What a running service can use of the base. Nothing in it may give anybody the rights of somebody else. The base leaves
# out what Python makes of its own library, which would then be made at every start and every health check.
FROM python:3.13-slim-trixie AS root
RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && find /usr/share/doc -type f ! -name copyright -delete \
 && rm -rf /usr/share/info /usr/share/locale /usr/share/man /usr/share/python-wheels /usr/local/bin/pip* \
        /usr/local/lib/python3.*/site-packages/pip* /var/cache/* /var/lib/apt/lists/* /var/log/* \
 && stdlib="$(python -c 'import os; print(os.path.dirname(os.__file__))')" \
 && rm -rf "$stdlib/ensurepip" "$stdlib/idlelib" "$stdlib/pydoc_data" "$stdlib/test" "$stdlib/tkinter" "$stdlib/turtledemo" \
 && python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash "$stdlib" \
 && install -d -o 1000 -g 1000 -m 0755 /data /config

FROM scratch
# One layer of what is left: in layers above the base, what was removed would still be in the image.
# hadolint ignore=DL3067
COPY --from=root / /
COPY --from=build /app/.venv /app/.venv
ARG VERSION=0.5.0
LABEL org.opencontainers.image.title="scrobbled" \
      org.opencontainers.image.description="Takes webhooks from your media servers and keeps Serializd and Trakt complete" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.vendor="The scrobbled project" \
      org.opencontainers.image.url="https://github.com/scrobbled/scrobbled" \
      org.opencontainers.image.source="https://github.com/scrobbled/scrobbled" \
      org.opencontainers.image.documentation="https://github.com/scrobbled/scrobbled/blob/main/README.md" \
      org.opencontainers.image.version="${VERSION}" \
      io.hass.type="app" \
      io.hass.version="${VERSION}" \
      io.hass.arch="aarch64|amd64"
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SCROBBLED_CONTAINER=yes \
    SCROBBLED_DEMO_HOST=0.0.0.0 \
    SCROBBLED_LISTENS=/dev/shm/scrobbled-listens
WORKDIR /data
# There is no USER line: Home Assistant gives options that only root may read and has no setting for the user, and Unraid
# names the user by PUID and PGID. Started as root, the command hands its files over and drops root before anything
# else; started as any other user, as in docker-compose.yml, it stays that.
# A fresh named volume takes its owner from the image, so uid 1000 can write to it without any preparation.
VOLUME ["/data"]
EXPOSE 8484
STOPSIGNAL SIGTERM
# Asks whether this process answers, never whether a tracker does: a restart would not bring a tracker back.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-IB", "-m", "scrobbled.liveness"]
ENTRYPOINT ["scrobbled"]
CMD ["serve"]
