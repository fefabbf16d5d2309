"""Sparse matrix times vector. The matrix is in CSR form: row i has the entries starts[i] … starts[i + 1] - 1.

multiply(starts, columns, values, x, y), as scipy.sparse.csr_array(…) @ x
"""

from hologram.language import DeviceArray, f64, get_global_id, i32, kernel


@kernel
def multiply(
    starts: DeviceArray[i32],
    columns: DeviceArray[i32],
    values: DeviceArray[f64],
    x: DeviceArray[f64],
    y: DeviceArray[f64],
):
    """y = A @ x: a lane a row, however many entries each has."""
    row = get_global_id()
    if row < y.shape[0]:
        total = 0.0
        for k in range(starts[row], starts[row + 1]):
            total += values[k] * x[columns[k]]
        y[row] = total
