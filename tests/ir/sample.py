"""A program in text form that has every construct once or more."""

EVERYTHING = """\
program everything
dt 0.1

population input size 12 grid 4 3 periodic
  param rate at neuron = 0.01 "1/ms"
  param width at global = 4.0
  derived k1 at neuron = $rate * @dt
  var cx at global = real(randint[0](int($width)))
  var boost at neuron = 1.0
    low 0.0
    high $width + 1.0
  spike[1] rate $rate * neuron.boost + global.cx * 0.0 depends rate boost cx
    neuron.boost = neuron.boost * 0.5
  every 20.0
    global.cx = real(randint[2](int($width)))
  on signal cheer(amount, who)
    let scaled at global = amount * 2.0
    if who >= 0.0 at neuron
      neuron.boost = min(max(neuron.boost + scaled, 0.0), $width + 1.0)
    else
      neuron.boost = @pos.x - @pos.y + real(@index) / real(@size)

population clock size 3
  var seen:int at neuron = 0
  spike scheduled
    neuron.seen = neuron.seen:int + 1

population cells size 9 grid 3 3
  param tau at global = 20.0 "ms"
  derived decay at global = exp(-@dt / $tau)
  var v at neuron "mV" = normal[3](-60.0, 5.0)
  hidden var rest:int at neuron = 0
  input exc "nS"
  input inh
  step
    let g at neuron = input(exc) - input(inh)
    if neuron.rest:int > 0 at neuron
      neuron.rest = neuron.rest:int - 1
    else
      neuron.v = -70.0 + (neuron.v + 70.0) * #decay + g
  spike when neuron.v > -54.0 and neuron.rest:int == 0
    neuron.v = -70.0
    neuron.rest = 20
  each step
    neuron.v = (neuron.v if @t < 1e999 else -(0.0))

projection ff : input + clock -> cells.exc delay 2
  connect[4] probability 0.16 * exp(-@distance ** 2.0 / 12.5)
  param PairSTDP.tau at global = 20.0 "ms" low 1.0 high 1e999
  param PairSTDP.step:int at global = 2.0
  derived k1 at global = 1.0 / $PairSTDP.tau
  derived k2 at global = #k1 * 2.0
  var s at pair = random_sign[5]()
  var w at synapse "nS" by PairSTDP = 0.5 + pair.s * 0.1
    low 0.0
    high 1.0
  var e at synapse = 0.0
  var trace at pre = 0.0
  var post_trace at post = 0.0
  var late at post = 0.0
  var total at global = 0.0
  var slow at post = 0.0
  lazy at pre
    trace = trace * exp(-real(steps.gone:int) * @dt * #k1)
  lazy at post
    post_trace = post_trace * exp(-real(steps.gone:int) * @dt * #k1)
    late = late + post_trace * real(steps.gone:int)
  step
    post.slow = post.slow * 0.99 + (post->v + 70.0) * 0.01
  on pre spike
    deliver synapse.w * (1.0 if @pre.group == 0 else -0.5)
    deliver 0.5 after min(int(synapse.e), 8) longest 0.8
    let depression at post = post.post_trace * 0.01
    synapse.w = min(max(synapse.w - depression, 0.0), 1.0)
    pre.trace = pre.trace + 1.0
  on post spike
    synapse.w = min(max(synapse.w + pre.trace@before * post->v * 0.001, 0.0), 1.0)
    if not uniform[6](0.0, 1.0) < 0.5 or synapse.e != 0.0 at synapse
      let change at synapse = sqrt(abs(synapse.e))
      synapse.e = change - 1.0
    post.post_trace = post.post_trace + 1.0
    post.late = post.late
  each step
    reduce sum.n1 at post = sum over synapse synapse.w * post->v
    reduce count.n2 at global = count over pre pre.trace > 0.5
    post.slow = post.slow * 0.5 + sum.n1 * real(count.n2:int)
    prune where synapse.w <= 0.0 as gone
    grow[7] uniformly gone:int
      synapse.w = 0.25
    global.total = global.total + real(gone:int)
    prune ranked 2 at post largest abs(synapse.w)
    grow ranked gone:int at global smallest pre.trace * @distance
      synapse.w = 0.5
    grow[16] matched 4 - @pre.out_degree to int(post.slow) with exp(-@distance)
      synapse.w = uniform[17](0.1, 0.2)
    grow[18] matched 1 to 2
  every $PairSTDP.tau
    sample[8] 10
      let chance at pair = exp(-@distance)
      if @connected at pair
        prune[9] with (0.5 if synapse.w < 0.5 else 0.01)
      else
        grow[10] pair with 0.5 * chance
          let start at synapse = uniform[11](0.1, 0.2)
          synapse.w = start
    sample[12] 5 * $PairSTDP.step:int slots 16
      if not @connected at pair
        if @post.in_degree < 5 at pair
          grow[13] spiked in 5 out @pre.out_degree + 3
      else
        prune[14]
  on signal reward(d)
    synapse.w = min(max(synapse.w + synapse.e * d, 0.0), 1.0)

projection back : cells -> clock delay 1
  connect one to one
  var seen:int at synapse = poisson[15](2.5)
  each step
    synapse.seen = (synapse.seen:int + @synapses) % 7

projection full : cells -> cells.inh delay 1
  connect all

projection given : cells -> cells delay 1
  connect given

record cells spikes
record cells variable v every 10
note "ff" "schedule" schedule eager incoming
  reason "\\"w\\" is changed in each step: é"
  payload post->v
  payload post.late@before
note "" "limit" = [1, 2.5, "x"]
"""
