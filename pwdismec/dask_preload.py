"""What a worker of dask's is to begin with: ``dask worker ADDRESS --preload pwdismec.dask_preload``.

It may do without, and then imports what a task needs when the first one comes.
"""

import dask

import pwdismec.steps.evaluate
import pwdismec.steps.prediction_workers
import pwdismec.training.workers  # noqa: F401

# Dask's profiler looks a hundred times a second at what Python does, a twenty-fifth of a core's time; here it
# would see nothing but kernels that run for seconds.
dask.config.set({"distributed.worker.profile.enabled": False})
