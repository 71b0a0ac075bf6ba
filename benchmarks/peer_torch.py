"""The dense network of training_speed.py in PyTorch on the CPU, one thread, single precision: s per batch, as JSON.

Run by `benchmarks/training_speed.py --torch PYTHON` with the Python of an environment that has torch. Two programs of
one batch and its update by Adam, as one would write them: e-prop (eligibilities carried forward in time, no graph), and
backpropagation through time (autograd with a surrogate derivative). The second knows one gradient more, that through
the spikes of other neurons; neurons, constants and events are the same in both.
"""

import argparse
import json
import math
import time

import torch

DT, TAU, TAU_ADAPT, TAU_REG = 1.0, 20.0, 2000.0, 500.0
BETA, V_TH, GAMMA, REFRACTORY, C_REG, F_TARGET = 0.0174, 0.6, 0.3, 5, 0.001, 0.01
K, K_ADAPT, K_REG = (math.exp(-DT / tau) for tau in (TAU, TAU_ADAPT, TAU_REG))


class Spike(torch.autograd.Function):
    """A step forward, a triangle backward."""

    @staticmethod
    def forward(ctx, above):
        ctx.save_for_backward(above)
        return (above >= 0).float()

    @staticmethod
    def backward(ctx, gradient):
        (above,) = ctx.saved_tensors
        return gradient * GAMMA / V_TH * torch.clamp(1 - (above / V_TH).abs(), min=0)


class Network:
    """`inputs` - `hidden` - `classes`, dense and recurrent."""

    def __init__(self, inputs, hidden, classes, batch):
        self.batch, self.hidden, self.classes = batch, hidden, classes
        self.w_in = torch.randn(inputs, hidden) / math.sqrt(inputs)
        self.w_rec = torch.randn(hidden, hidden) / math.sqrt(hidden)
        self.w_out = torch.zeros(hidden, classes)
        self.weights = [self.w_in, self.w_rec, self.w_out]
        for weight in self.weights:
            weight.requires_grad_(True)
        self.optimiser = torch.optim.Adam(self.weights, lr=0.001)

    def start(self):
        zeros = torch.zeros(self.batch, self.hidden)
        return zeros, zeros, zeros, zeros, torch.zeros(self.batch, self.classes)

    def step(self, state, spikes):
        """One step of all neurons; returns the state, whether they fire, and how far they are above threshold."""
        v, a, wait, fired, y = state
        v = K * (v - V_TH * fired + spikes @ self.w_in + fired @ self.w_rec)
        a = K_ADAPT * (a + fired)
        wait = torch.clamp(wait - DT, min=0)
        above = v - (V_TH + BETA * a)
        ready = wait == 0
        now = Spike.apply(above) * ready
        wait = torch.where(now > 0, torch.full_like(wait, REFRACTORY), wait)
        y = K * (y + now @ self.w_out)
        return (v, a, wait, now, y), now, above, ready

    def backpropagation(self, events, labels):
        """Backpropagation through time by autograd."""
        state, loss = self.start(), 0.0
        for spikes in events:
            state, _, _, _ = self.step(state, spikes)
            loss = loss + torch.nn.functional.cross_entropy(state[-1], labels, reduction="sum")
        self.optimiser.zero_grad()
        (loss / self.batch).backward()
        self.optimiser.step()

    @torch.no_grad()
    def eprop(self, events, labels):
        """e-prop: the eligibilities of each weight and example, filtered, times the error that is fed back."""
        target = torch.nn.functional.one_hot(labels, self.classes).float()
        before = [events.new_zeros(self.batch, w.shape[0]) for w in (self.w_in, self.w_rec)]
        filtered = [events.new_zeros(self.batch, *w.shape) for w in (self.w_in, self.w_rec)]
        adapted = [events.new_zeros(self.batch, *w.shape) for w in (self.w_in, self.w_rec)]
        gradients = [torch.zeros_like(w) for w in self.weights]
        trace = events.new_zeros(self.batch, self.hidden)
        activity = events.new_zeros(self.batch, self.hidden)
        state = self.start()
        for spikes in events:
            arriving = (spikes, state[3])
            state, now, above, ready = self.step(state, spikes)
            slope = GAMMA / V_TH * torch.clamp(1 - (above / V_TH).abs(), min=0) * ready
            trace = K * trace + now
            activity = K_REG * activity + now / TAU_REG
            error = torch.softmax(state[-1], dim=1) - target
            learn = error @ self.w_out.T
            rate = C_REG * (activity - F_TARGET)
            gradients[2] += trace.T @ error
            for n in range(2):
                before[n] = K * (before[n] + arriving[n])
                e = slope[:, None, :] * (before[n][:, :, None] - BETA * adapted[n])
                filtered[n] = K * filtered[n] + e
                adapted[n] = K_ADAPT * (adapted[n] + e)
                gradients[n] += (filtered[n] * learn[:, None, :] + rate[:, None, :] * e).sum(0)
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.grad = gradient / self.batch
        self.optimiser.step()


def measure(algorithm, inputs, hidden, classes, rate, batch, steps, repeats):
    """Seconds of each batch, after one that is not counted."""
    torch.manual_seed(1)
    network = Network(inputs, hidden, classes, batch)
    rates = torch.empty(inputs).log_normal_(0, 1)
    chance = torch.clamp(rates * rate / rates.mean() / 1000, max=1)
    events = (torch.rand(steps, batch, inputs) < chance).float()
    labels = torch.arange(batch) % classes
    found = []
    for _ in range(repeats + 1):
        begun = time.process_time()
        getattr(network, algorithm)(events, labels)
        found.append(time.process_time() - begun)
    return found[1:]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("inputs", "hidden", "classes", "batch", "steps", "repeats"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--algorithm", choices=("eprop", "backpropagation"), required=True)
    torch.set_num_threads(1)
    print(json.dumps(measure(**vars(parser.parse_args()))))
