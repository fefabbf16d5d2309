"""One step of a leaky integrator, the cell of many neuron and filter models."""

from hologram.language import DeviceArray, f32, get_global_id, kernel


@kernel
def leaky_step(v: DeviceArray[f32], drive: DeviceArray[f32], rate: f32):
    """Move every state a fraction `rate` = dt / tau of the way to its drive."""
    i = get_global_id()
    if i < v.shape[0]:
        v[i] += rate * (drive[i] - v[i])
