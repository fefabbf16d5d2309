"""n bodies that attract each other: every body looks at all others.

accelerate(x, y, z, mass, vx, vy, vz, dt), then move(x, y, z, vx, vy, vz, dt)
"""

from hologram.language import DeviceArray, f64, get_global_id, kernel, rsqrt

SOFTENING = 1e-3  # keeps bodies that meet from throwing each other out


@kernel
def accelerate(
    x: DeviceArray[f64],
    y: DeviceArray[f64],
    z: DeviceArray[f64],
    mass: DeviceArray[f64],
    vx: DeviceArray[f64],
    vy: DeviceArray[f64],
    vz: DeviceArray[f64],
    dt: f64,
):
    """Velocities change by dt times the sum of mass / distance**2, towards each of the others."""
    i = get_global_id()
    if i < vx.shape[0]:
        ax, ay, az = 0.0, 0.0, 0.0
        for k in range(mass.shape[0]):
            dx, dy, dz = x[k] - x[i], y[k] - y[i], z[k] - z[i]
            inverse = rsqrt(dx * dx + dy * dy + dz * dz + SOFTENING)
            pull = mass[k] * inverse * inverse * inverse
            ax += pull * dx
            ay += pull * dy
            az += pull * dz
        vx[i] += dt * ax
        vy[i] += dt * ay
        vz[i] += dt * az


@kernel
def move(
    x: DeviceArray[f64],
    y: DeviceArray[f64],
    z: DeviceArray[f64],
    vx: DeviceArray[f64],
    vy: DeviceArray[f64],
    vz: DeviceArray[f64],
    dt: f64,
):
    """Places change by dt times the velocity."""
    i = get_global_id()
    x[i] += dt * vx[i]
    y[i] += dt * vy[i]
    z[i] += dt * vz[i]
