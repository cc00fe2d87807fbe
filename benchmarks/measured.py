"""What was measured, in one place: the constants of the plan for large clusters (docs/scaling.md).

RESULTS.md says on what. Replace a figure here, run plan_cluster.py and simulate_cluster.py, and put what they
print into docs/scaling.md.
"""

from __future__ import annotations

# Training, one core, PW, gap ≤ 10⁻³: seconds a label and a stored value of the data set, of the largest set
# that was trained (Wikipedia-500K's shape: 441 ms and 698 million values).
SECONDS_A_LABEL_AND_VALUE = 441e-3 / 698e6

# Weights that a label keeps (TIBKAT, PW, pruned at 0.01: 76.0 million for 35,116 labels).
WEIGHTS_A_LABEL = 76.0e6 / 35_116

# Prediction, one thread: seconds an instance and product (TIBKAT: 0.172 ms, 0.94 million products), and the
# products of a label with an instance.
SECONDS_A_PRODUCT = 0.172e-3 / 0.94e6
PRODUCTS_A_LABEL = 0.94e6 / 35_116

# Parts of the program's formats and formulas (docs/scaling.md, docs/formats.md).
BYTES_A_VALUE = 8  # of the features, in a folder and in memory
BYTES_A_WEIGHT = 8  # of a shard
BYTES_A_WEIGHT_OF_INDEX = 10.2  # TIBKAT: 773 MB for 76.0 million, with the zeros of frequent features
BYTES_A_LABEL_ID = 4  # of the labels, in a folder: each twice, by instance and by label
BYTES_A_MARGIN = 4  # of a thread, for each instance and feature
LABELS_PER_PASS = 32
PROGRAM_BYTES = 200e6
BLOCK_LABELS = 256
BYTES_A_SHARD_ENTRY = 414  # of the manifest, with its place in the plan
BLOCKS_AHEAD = 2  # of a thread, one of them under way
OPERATIONS_A_SHARD = 12  # of the file system's metadata: claim, write aside, sync, rename, give back
OPERATIONS_A_BEAT = 3  # to keep a claim alive: open, read, touch
SECONDS_A_BEAT = 10
