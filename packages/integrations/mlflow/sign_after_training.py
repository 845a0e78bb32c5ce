"""Trains, logs and registers a model with MLflow, then has mlsign sign what MLflow keeps.

Replace `train()` with your own, and keep what follows it: what is signed is fetched from MLflow by
the version that was just registered, so that the signature covers the bytes that others will load.
MLFLOW_TRACKING_URI names the server; arguments go to `mlsign sign`, such as --key release.key.
Without --key the CI job's own identity signs.
"""

import subprocess
import sys

import mlflow
import mlflow.sklearn
from sklearn.linear_model import LogisticRegression

MODEL = "iris"


def train():
    """A stand-in for a training of hours."""
    return LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


with mlflow.start_run():
    logged = mlflow.sklearn.log_model(
        train(),
        name="model",
        registered_model_name=MODEL,
        # Named here, so that no guess of MLflow's decides what a deployment installs.
        pip_requirements=["scikit-learn"],
    )

# By version: an alias can move between the training and the signature.
reference = f"models:/{MODEL}/{logged.registered_model_version}"
subprocess.run(["mlsign", "sign", reference, *sys.argv[1:]], check=True)
print(reference)
