"""Train a sparse spiking network to read handwritten digits, while DEEP R moves its synapses to where they are useful.

    python examples/train_digits.py [--epochs 8] [--connectivity 0.05] [--seed 1] [--out out]

A minute or two on a laptop. The network is `RewiringClassifier` of rules/classifier.plast: e-prop, Adam and DEEP R are
rules of the language. Interrupt it and start it again: it goes on where it was. Needs scikit-learn (for the images) and
matplotlib: `pip install plastlang[train,plot]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import plastlang as pl
from plastlang import train


def data() -> tuple[list[train.Example], list[train.Example]]:
    """1347 images to learn from and 450 held out: 8 x 8 pixels, the brighter the earlier their spike."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    examples = train.latency(images[order] / 16, labels[order], duration="40 ms", last="25 ms")
    return examples[:1347], examples[1347:]


def edges(degrees: NDArray[np.int32]) -> int:
    """Synapses of the pixels of the first and the last column."""
    return int(degrees.reshape(8, 8)[:, [0, -1]].sum())


def draw(
    path: Path, history: train.History, moved: dict[str, NDArray[np.int64]], before: NDArray[np.int32],
    after: NDArray[np.int32],
) -> None:  # fmt: skip
    """Accuracy, rewiring, and synapses of each pixel before and after."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(13, 3), layout="constrained")
    axes[0].plot(history.column("number"), 100 * history.column("accuracy"), label="while learning")
    axes[0].plot(history.column("number"), 100 * history.column("validation_accuracy"), label="held out")
    axes[0].set(xlabel="epoch", ylabel="accuracy (%)")
    axes[0].legend()
    for name, counts in moved.items():
        axes[1].plot(counts, linewidth=0.8, label=name)
    axes[1].set(xlabel="update", ylabel="synapses moved")
    axes[1].legend()
    top = max(before.max(), after.max())
    for axis, degrees, title in ((axes[2], before, "at the start"), (axes[3], after, "at the end")):
        shown = axis.imshow(degrees.reshape(8, 8), vmin=0, vmax=top)
        axis.set(title=f"synapses of each pixel {title}", xticks=[], yticks=[])
    figure.colorbar(shown, ax=axes[3])
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--connectivity", type=float, default=0.05)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    learn, held_out = data()
    network = pl.rules.RewiringClassifier(
        inputs=64, hidden=options.hidden, classes=10, p_in=options.connectivity, p_rec=options.connectivity, l1=0.001
    )
    record = train.RewiringRecord()
    name = f"digits-{options.connectivity:g}-{options.hidden}-{options.seed}.npz"
    checkpoint = options.out / name
    with network.compile(seed=options.seed) as model:
        before = model["from_source"].out_degree.copy()
        synapses = len(model["from_source"])
        rate = train.LearningRate(train.cosine(0.005, 0.0005, options.epochs))
        callbacks = [train.ProgressBar(), record, rate, train.Checkpoint(checkpoint)]
        history = train.fit(
            model, learn, epochs=options.epochs, batch_size=8, validation=held_out, seed=options.seed,
            callbacks=callbacks, resume=checkpoint,
        )  # fmt: skip
        found = train.evaluate(model, held_out)
        after = model["from_source"].out_degree.copy()
        print(f"{synapses} input synapses at the start, {len(model['from_source'])} at the end,", end=" ")
        print(f"{int(model['from_source'].moved)} moved in between")
    print(f"accuracy on {len(held_out)} digits never seen: {found.accuracy:.1%}")
    wrong = found.confusion - np.diag(np.diag(found.confusion))
    a, b = np.unravel_index(wrong.argmax(), wrong.shape)
    print(f"most frequent mistake: {a} taken for {b}, {wrong[a, b]} times")
    print(f"synapses of the left and right edge, where digits have little ink: {edges(before)} -> {edges(after)}")
    draw(options.out / "train_digits.png", history, record.moved, before, after)
    print(f"figure: {options.out / 'train_digits.png'}")


if __name__ == "__main__":
    main()
