# One image for workers and commands; compose.yaml runs Prefect's and MLflow's servers from it as well.
FROM python:3.11-slim

ENV DO_NOT_TRACK=true \
    MLFLOW_DISABLE_TELEMETRY=true \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    PYTHONUNBUFFERED=1

WORKDIR /opt/driftloop
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY configs configs
COPY monitoring monitoring
COPY pipelines pipelines
RUN pip install --no-cache-dir --constraint constraints.txt '.[postgres]' \
    && useradd --create-home --uid 10001 driftloop \
    && install --directory --owner driftloop /state /artifacts

USER driftloop
ENV DRIFTLOOP_HOME=/state
WORKDIR /srv/driftloop
CMD ["driftloop", "--help"]
