# The series in a container: JupyterLab on port 8888, lessons and exercises in the home folder.
FROM python:3.13-slim
COPY . /tmp/glomers
# A JupyterHub starts what the package jupyterhub brings; without a hub nothing uses it.
RUN python -m pip install --no-cache-dir /tmp/glomers jupyterhub && rm -r /tmp/glomers \
    && useradd --create-home learner
USER learner
WORKDIR /home/learner
RUN glomers init series
WORKDIR /home/learner/series
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", \
     "--LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb"]
