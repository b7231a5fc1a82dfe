# syntax=docker/dockerfile:1
# A worker's image, without Rust: the bridge is linked from the prebuilt archive that belongs to this checkout.
#
#   docker build --tag orders-worker .
#   docker run --env TEMPORAL_ADDRESS=… orders-worker
#
# deploy/ has a compose file and a Helm chart for it.
#
# Without a network for the archive, from a cache that `temporal-bun libs download` has filled for linux-x64 or
# linux-arm64:
#
#   docker build --build-context libs=.temporal-libs-cache --build-arg TEMPORAL_LIBS_OFFLINE=1 --tag orders-worker .

# Empty, unless --build-context libs=<cache folder> takes its place.
FROM scratch AS libs

FROM python:3.13-slim AS zig
COPY scripts/toolchain.sh /tmp/
RUN pip install --no-cache-dir --no-deps --target /opt "ziglang==$(sed -n 's/^zig_version=//p' /tmp/toolchain.sh)"

FROM oven/bun:1.4.5-slim AS build
COPY --from=zig /opt/ziglang /opt/zig
ENV PATH=/opt/zig:$PATH
WORKDIR /build
COPY ts/package.json ts/bun.lock ts/
RUN bun install --cwd ts --frozen-lockfile --production
COPY build.zig build.zig.zon ./
COPY build build
COPY include include
COPY zig-bridge zig-bridge
COPY release/download-temporal-libs.ts release/
COPY ts/src ts/src
COPY --from=libs / .temporal-libs-cache/
ARG TEMPORAL_LIBS_BASE_URL
ARG TEMPORAL_LIBS_REPOSITORY
ARG TEMPORAL_LIBS_OFFLINE
RUN zig build -Dprebuilt=true -Dno-fallback

# Without a shell and a package manager, which saves half of the rest.
FROM oven/bun:1.4.5-distroless
WORKDIR /app
COPY --from=build /build/ts/node_modules node_modules
COPY --from=build /build/zig-out/lib zig-out/lib
COPY LICENSE THIRD_PARTY.md ./
COPY ts/package.json ts/tsconfig.json ./
COPY ts/src src
COPY ts/examples/orders examples/orders
# All that is written; the rest of the file system may be read-only.
ENV TEMPORAL_BUN_CACHE_DIR=/tmp/temporal-bun
# By its number, because Kubernetes can't tell whether a name is root.
USER 1000:1000
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["/usr/local/bin/bun", "-e", "process.exit((await fetch('http://127.0.0.1:8080/live')).ok ? 0 : 1)"]
# The worker takes no new tasks, gives running activities their shutdownGraceTime, and ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/bun"]
CMD ["src/cli/temporal-bun.ts", "worker", "examples/orders/deployed.ts", "--health-port", "8080"]
