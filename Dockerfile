FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/install_dependencies scripts/
RUN scripts/install_dependencies && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release && strip build/release/pgmirror

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libfmt9 libspdlog1.10 libyaml-cpp0.7 libpq5 \
      libprometheus-cpp-core1.0 libsqlite3-0 libxxhash0 libzstd1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 1000 --no-create-home --home-dir /nonexistent pgmirror \
 && install -d -o pgmirror -g pgmirror -m 0700 /var/lib/pgmirror
COPY --from=build /src/build/release/pgmirror /usr/local/bin/pgmirror
# The application's store must be writable for this user: readers of a WAL write its shared memory. Where the application
# runs under another user id, give that one to this container (`user:` in the compose file).
USER 1000
VOLUME /var/lib/pgmirror
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["pgmirror", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["pgmirror"]
CMD ["run"]
