"""Backpropagation through time for one recurrent layer, written from the equations of the neurons alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """Dense weights (0 where there is no synapse), shape (from, to), and constants; times in steps."""

    w_in: Array
    w_rec: Array
    w_out: Array
    w_back: Array  # what the error is sent back with: (out, hidden)
    tau_m: float = 20.0
    tau_adapt: float = 80.0
    tau_out: float = 15.0
    beta: float = 0.0
    v_th: float = 0.6
    gamma: float = 0.3
    refractory: int = 3


@dataclass(frozen=True)
class Gradients:
    spikes: Array
    loss: float
    w_in: Array
    w_rec: Array
    w_out: Array


def softmax_error(label: int) -> Callable[[Array], tuple[float, Array]]:
    """Cross-entropy and its derivative by the outputs."""

    def error(y: Array) -> tuple[float, Array]:
        p = np.exp(y) / np.exp(y).sum()
        return float(-np.log(p[label])), p - np.eye(len(y))[label]

    return error


def squared_error(target: Array) -> Callable[[Array], tuple[float, Array]]:
    return lambda y: (float(((y - target) ** 2).sum() / 2), y - target)


def gradients(layer: Layer, inputs: Array, error: Callable[[Array], tuple[float, Array]]) -> Gradients:
    """Forward, then backward; the paths through the reset and through other neurons' spikes are cut.

    Args:
        layer: weights and constants.
        inputs: spikes, shape (steps, sources).
        error: outputs of a step -> loss and its derivative.
    """
    steps, hidden = len(inputs), layer.w_rec.shape[0]
    alpha, rho, kappa = (np.exp(-1 / tau) for tau in (layer.tau_m, layer.tau_adapt, layer.tau_out))
    v, a, y = np.zeros(hidden), np.zeros(hidden), np.zeros(layer.w_out.shape[1])
    free_from = np.zeros(hidden)
    spikes, psi = np.zeros((steps, hidden)), np.zeros((steps, hidden))
    errors = np.zeros((steps, len(y)))
    loss = 0.0
    for n in range(steps):
        before, came = (spikes[n - 1], inputs[n - 1]) if n else (np.zeros(hidden), np.zeros(inputs.shape[1]))
        v = alpha * (v - layer.v_th * before + came @ layer.w_in + before @ layer.w_rec)
        a = rho * (a + before)
        y = kappa * (y + before @ layer.w_out)
        above = v - layer.v_th - layer.beta * a
        free = n >= free_from
        psi[n] = np.where(free, layer.gamma / layer.v_th * np.maximum(0, 1 - np.abs(above / layer.v_th)), 0)
        spikes[n] = free & (above >= 0)
        free_from = np.where(spikes[n] > 0, n + layer.refractory, free_from)
        step_loss, errors[n] = error(y)
        loss += step_loss

    by_v, by_a, by_y = np.zeros(hidden), np.zeros(hidden), np.zeros(len(y))
    g_in, g_rec, g_out = np.zeros_like(layer.w_in), np.zeros_like(layer.w_rec), np.zeros_like(layer.w_out)
    for n in reversed(range(steps)):
        by_spike = kappa * by_y @ layer.w_back + rho * by_a  # through the read-out and the adaptation of step n + 1
        by_v = psi[n] * by_spike + alpha * by_v
        by_a = -layer.beta * psi[n] * by_spike + rho * by_a
        by_y = errors[n] + kappa * by_y
        if n:
            g_in += alpha * np.outer(inputs[n - 1], by_v)
            g_rec += alpha * np.outer(spikes[n - 1], by_v)
            g_out += kappa * np.outer(spikes[n - 1], by_y)
    return Gradients(spikes, loss, g_in, g_rec, g_out)
