"""Connected components of a graph: each node takes the smallest label among its neighbours until nothing changes.

labels = arange(nodes); spread(starts, ends, labels, changed), again while changed[0] is set.
"""

from hologram.language import DeviceArray, atomic_min, get_global_id, i32, kernel


@kernel
def spread(a: DeviceArray[i32], b: DeviceArray[i32], labels: DeviceArray[i32], changed: DeviceArray[i32]):
    """One round over all edges (a[k], b[k]): the larger of two labels becomes the smaller one."""
    k = get_global_id()
    if k < a.shape[0]:
        here, there = labels[a[k]], labels[b[k]]
        if here != there:
            smaller = min(here, there)
            atomic_min(labels, a[k], smaller)
            atomic_min(labels, b[k], smaller)
            changed[0] = 1  # by many lanes, all with the same value
