ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
# The static tini is copied on its own, so that no package list ends up in the image.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends tini
WORKDIR /app
COPY package.json package-lock.json ./
# --omit=optional leaves out the packaged Node (200 MB): the image has its own.
# Type declarations and source maps are read by nobody at run time: a third of what is left.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --no-update-notifier \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

COPY bin ./bin
COPY src ./src
COPY LICENSE ./
# A checkout under a strict umask would be unreadable for the user that runs it.
RUN chmod -R a+rX /app

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="token-refresher" \
      org.opencontainers.image.description="Keeps the access tokens of many broker accounts fresh in Redis" \
      org.opencontainers.image.licenses="MIT"
# All addresses: inside a container loopback is reached by nobody. Publish it on 127.0.0.1 only.
ENV NODE_ENV=production \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8000 \
    STATE_DIR=/var/lib/token-refresher \
    CREDENTIALS_FILE=/run/credentials/credentials.json
WORKDIR /app
COPY --from=build /usr/bin/tini-static /usr/local/bin/tini
COPY --from=build /app /app
# A new volume takes over the owner and mode of the directory it is mounted on.
RUN ln -s /app/bin/token-refresher /usr/local/bin/token-refresher \
 && install -d -o node -g node -m 0700 /var/lib/token-refresher
# As a number (it is `node`), so that an orchestrator can see that it is not root.
USER 1000:1000
VOLUME /var/lib/token-refresher
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8000}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node as process 1 would reap no orphans.
ENTRYPOINT ["tini", "--", "node", "/app/src/cli/main.ts"]
CMD ["run"]
