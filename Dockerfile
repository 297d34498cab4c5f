# SandSeg for others to visit: not root, nothing of it can be written to, one folder in memory.
# SECURITY.md has the command to run it with, and what each part of that keeps out.
FROM python:3.11-slim

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY app.py server.py ./
COPY .streamlit/config.toml .streamlit/
COPY sandseg sandseg
COPY pages pages
COPY models models
RUN python -m compileall -q app.py server.py sandseg pages \
 && install -d -o 10001 -g 10001 -m 700 /work

# All that is written goes to /work: a tmpfs, so that it is gone with the container and never full
# of other people's disk. It is memory, hence the smaller quotas.
ENV HOME=/work \
    TMPDIR=/work \
    SANDSEG_WORK=/work/visits \
    SANDSEG_CACHE=/work/cache \
    SANDSEG_RUNS=/work/runs \
    SANDSEG_MAX_UPLOAD=500000000 \
    SANDSEG_QUOTA_SESSION=1000000000 \
    SANDSEG_QUOTA_TOTAL=3000000000 \
    SANDSEG_MIN_FREE=200000000 \
    SANDSEG_TRAINING=off \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "server.py"]
