# ruff: noqa: E501 (a table is as wide as it is)
"""The text of `plastc explain`, for a small network."""

from __future__ import annotations

from plastlang.explain import explain
from tests.programs.running import built

SOURCE = """
neuron LIF:
    param tau = 20 ms, tau_g = 5 ms, v_th = 10 mV, e_rev = 60 mV, g_leak = 10 nS
    state v = 0 mV
    state g = 0 nS
    v' = (g / g_leak * (e_rev - v) - v) / tau
    g' = -g / tau_g
    input exc -> g
    method exponential_euler
    spike when v > v_th:
        v = 0 mV

neuron Noise:
    param rate = 10 Hz
    spike at rate rate

rule STDP:
    param tau_x = 20 ms, a = 0.01 nS
    synapse w = 0.5 nS in [0 nS, 1 nS]
    pre x = 0
    post y = 0
    x' = -x / tau_x
    y' = -y / tau_x
    on pre spike:
        deliver w
        w -= a * y
        x += 1
    on post spike:
        w += a * x
        y += 1

network Small:
    dt 0.5 ms
    population noise = Noise() size 100
    population cells = LIF() on grid(5, 2, periodic)
    project learn = noise -> cells.exc with STDP():
        connect with probability 0.5
        delay 1 ms
"""

EXPECTED = """\
network Small: steps of 0.5 ms
  costs are for single precision, with all branches taken; bytes are read or written

population noise: 100 neurons
  spikes: Poisson; the next one of each neuron is drawn ahead, and anew when rate changes

  event       counted         operations  functions  draws  bytes
  at a spike  for the neuron  0           0          1      8

population cells: 10 neurons on a grid of 5 x 2, periodic
  spikes: a condition, tested for every neuron in every step

  variable  unit  one for each  integrated         why
  v         mV    neuron        exponential Euler  linear in itself with the others frozen, since the coefficient of v in its own equation changes
  g         nS    neuron        exact              linear with constant coefficients

  event       counted          operations  functions  draws  bytes
  each step   for each neuron  13          1          0      32
  at a spike  for the neuron   0           0          0      4

projection learn: noise -> cells.exc, delay 1 ms, connected by probability
  memory: 8 bytes for each synapse (target 4, w 4)

  variable  unit  one for each  integrated   why
  w         nS    synapse       by events    changed by on pre spike, on post spike
  x         1     pre neuron    exact, lazy  linear between events, so it is computed when an event needs it
  y         1     post neuron   exact, lazy  linear between events, so it is computed when an event needs it

  event          counted                             operations  functions  draws  bytes
  on pre spike   for the neuron                      4           1          0      16
  on pre spike   for each synapse of the spike       9           1          0      36
  on post spike  for the neuron                      4           1          0      16
  on post spike  for each synapse, at its next look  7           1          0      16

  post spikes are deferred: each is kept in the history of its neuron and applied to a synapse when that is
  next looked at, because it needs only the synapse, what its pre neuron left at its last spike, and the time
  at the post spike
  a pre spike that arrives in the step of the post spike counts in x, as `on post spike` reads it
"""


def test_explanation_of_a_small_network() -> None:
    program = built(SOURCE)
    assert explain(program.scheduled, program.lowered.explanations) == EXPECTED
