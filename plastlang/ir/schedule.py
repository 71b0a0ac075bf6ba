"""When the work of a post spike is done: found by a pass, used by the emitters, unknown to the reference."""

from __future__ import annotations

from dataclasses import dataclass

from plastlang.ir.nodes import Read


@dataclass(frozen=True, slots=True)
class Schedule:
    """The plan of one projection, kept in `Program.notes` as (projection, "schedule", Schedule).

    `post`: "none" (no synapse statement in `on post spike`), "deferred" (a post spike is put in the history of its
    neuron and applied to a synapse when its row is next visited: arriving pre spike, walk over synapses, edit, look
    from outside) or "eager" (applied at once through the index of incoming synapses). `reason` says why, for
    `plastc explain`.
    `payload`: the POST values (own variables and `post.NAME`) that synapse statements of the post blocks read;
    when deferred they are evaluated at the spike, at the place of the statement, and kept with it in the history.
    `incoming`: an index of the synapses by post neuron must be kept up (slot samples, eager post blocks).
    """

    post: str
    reason: str
    payload: tuple[Read, ...] = ()
    incoming: bool = False
