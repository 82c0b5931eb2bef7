# One image for every process of Ostinato: `worker`, `api` and `migrate` are its commands.
# Versions and hashes come from the lock; where the packages come from is the builder's pip configuration.

FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements-server.lock ./
RUN python -m venv /opt/ostinato \
 && /opt/ostinato/bin/pip install --no-cache-dir --require-hashes -r requirements-server.lock
COPY pyproject.toml README.md LICENSE ./
COPY ostinato ostinato
COPY api api
COPY worker worker
COPY activities activities
COPY store store
COPY forms forms
COPY interpreter interpreter
COPY dmn dmn
COPY web web
RUN /opt/ostinato/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /home/ostinato ostinato
COPY --from=build /opt/ostinato /opt/ostinato
ENV PATH=/opt/ostinato/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OSTINATO_API_HOST=0.0.0.0
USER ostinato
WORKDIR /home/ostinato
EXPOSE 8080
ENTRYPOINT ["ostinato"]
CMD ["api"]
