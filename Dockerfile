# syntax=docker/dockerfile:1
# A worker's image, without Rust: the bridge is linked from the prebuilt archive that belongs to this checkout.
#
#   docker build --tag orders-worker .
#   docker run --env TEMPORAL_ADDRESS=… orders-worker
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
ARG TEMPORAL_LIBS_OFFLINE
RUN zig build -Dprebuilt=true -Dno-fallback

FROM oven/bun:1.4.5-slim
WORKDIR /app
COPY --from=build /build/ts/node_modules node_modules
COPY --from=build /build/zig-out/lib zig-out/lib
COPY LICENSE THIRD_PARTY.md ./
COPY ts/package.json ts/tsconfig.json ./
COPY ts/src src
COPY ts/examples/orders examples/orders
# The user "bun" of the image.
USER 1000:1000
# The worker takes no new tasks, gives running activities their shutdownGraceTime, and ends.
STOPSIGNAL SIGTERM
CMD ["bun", "examples/orders/worker.ts"]
