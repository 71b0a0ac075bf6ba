"""Train spiking networks whose learning is written in .plast: feed examples, call signals, keep a record.

    from plastlang import train

    examples = train.latency(images, labels, duration="60 ms")
    history = train.fit(model, examples, epochs=20, batch_size=32, callbacks=[train.ProgressBar()])
    print(train.evaluate(model, held_out).accuracy)

Python does nothing per time step: each example is one schedule of spikes, one signal and one run.
"""

from plastlang.train.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    LearningRate,
    ProgressBar,
    RewiringRecord,
    cosine,
    step_decay,
)
from plastlang.train.encodings import frames, latency, poisson, threshold
from plastlang.train.examples import Example
from plastlang.train.fitting import evaluate, fit, predict
from plastlang.train.history import Epoch, Evaluation, History
from plastlang.train.loaders import aer_file, heidelberg, n_mnist, tonic_examples
from plastlang.train.sequences import evidence_accumulation, pattern_generation
from plastlang.train.tasks import random_manifolds, yin_yang

__all__ = [
    "Callback", "Checkpoint", "EarlyStopping", "Epoch", "Evaluation", "Example", "History", "LearningRate",
    "ProgressBar", "RewiringRecord", "aer_file", "cosine", "evaluate", "evidence_accumulation", "fit", "frames",
    "heidelberg", "latency", "n_mnist", "pattern_generation", "poisson", "predict", "random_manifolds", "step_decay",
    "threshold", "tonic_examples", "yin_yang",
]  # fmt: skip
