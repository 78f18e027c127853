# Two images on one base:
#   kpm     kpm-runtime as the container's first process; copy your app in, or /usr/local into your own image
#   render  that, and render-worker with EGL: NVIDIA by the container toolkit, AMD and Intel (and none) by Mesa
#
#   docker build --target render -t kpm-render .      docker compose up --build
#
# BASE is Debian 12 in whatever form it is at hand: the programs are built against its C library.
ARG BASE=debian:12-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/install-packages.sh scripts/
RUN scripts/install-packages.sh build && rm -rf /var/lib/apt/lists/*
COPY . .
ARG JOBS=2
RUN cmake --preset release >/dev/null \
 && cmake --build --preset release --parallel "${JOBS}" --target programs \
 && for part in kpm/kpm kpm/pm2-names render/render; do \
        DESTDIR=/out/${part%/*} cmake --install build/release --prefix /usr/local --component ${part#*/} --strip || exit 1; \
    done

FROM ${BASE} AS kpm
COPY --from=build /out/kpm/ /
# A home that any user can have, that a second shell finds, and that a tmpfs on a read-only root makes writable.
ENV KPM_HOME=/tmp/.kpm
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin app
WORKDIR /app
USER 1000:1000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["kpm", "healthcheck"]
ENTRYPOINT ["kpm-runtime"]

FROM kpm AS render
USER root
# libegl1 alone has no driver: without libgl1-mesa-dri a machine without an NVIDIA GPU has no EGL at all.
# The others are for genomes by URL (https needs the certificates) and from a database.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        libegl1 libgl1-mesa-dri libcurl4 libsqlite3-0 ca-certificates >/dev/null \
 && rm -rf /var/lib/apt/lists/*
# Older versions of NVIDIA's container toolkit bring the driver, but not the file by which EGL finds it.
RUN mkdir -p /etc/glvnd/egl_vendor.d \
 && echo '{"file_format_version": "1.0.0", "ICD": {"library_path": "libEGL_nvidia.so.0"}}' \
        >/etc/glvnd/egl_vendor.d/10_nvidia.json
COPY --from=build /out/render/ /
# Without "graphics" the toolkit leaves EGL out.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
# false: one worker as the container's first process, without a supervisor.
ARG USE_PM2=true
ENV USE_PM2=${USE_PM2} PM2_INSTANCES=1 PORT=3000
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["kpm", "healthcheck", "render"]
ENTRYPOINT []
CMD ["sh", "-c", "exec kpm-runtime /usr/local/bin/render-worker --name render --kpm-channel --listen \"${KPM_PORT:-$PORT}\" --gpu auto --listen-timeout 60s"]
