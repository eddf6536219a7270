# The embedded engine is built for glibc: Debian, not Alpine.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install script here; the one that has work to do brings a Node of its own, for developers.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY connectors connectors
COPY src src
RUN npm run build
RUN npm prune --ignore-scripts --omit=dev

FROM node:24-slim
LABEL org.opencontainers.image.title="segment-sync" \
      org.opencontainers.image.description="Computes who each customer of an online shop is and keeps Mailchimp tags, Klaviyo lists and Facebook audiences equal to it." \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production SEGMENT_SYNC_STATE=/var/lib/segment-sync
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The sample shop and the example jobs; mount your own folder over /app/config.
COPY config config
# The only places the program writes to: its state, and the files that the example jobs write.
RUN install -d -o node -g node /var/lib/segment-sync out
USER node
VOLUME /var/lib/segment-sync
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["start", "--port", "8080", "--host", "0.0.0.0"]
