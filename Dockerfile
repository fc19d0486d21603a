# One image: the dashboard with the API at /api, one process; or, as compose.yaml runs it, the API alone with workers.

FROM python:3.11-slim AS packages
WORKDIR /packages
COPY requirements.txt constraints.txt ./
RUN python -m venv /venv && /venv/bin/python -m pip install --no-cache-dir -r requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home loans
COPY --from=packages /venv /venv
WORKDIR /app
COPY .streamlit/config.toml .streamlit/config.toml
COPY app.py ./
COPY pages pages
COPY loan_core loan_core
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER loans
EXPOSE 8501 8000
# A container's own loopback reaches nobody: it listens on all its addresses, and whoever runs it publishes them or not.
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/api/healthz', timeout=2)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.port", "8501"]
