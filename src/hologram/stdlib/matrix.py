"""Products of row-major matrices; lda, ldb, ldc are the elements from one row to the next."""

from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel
def gemv_f32(A: DeviceArray[f32], x: DeviceArray[f32], y: DeviceArray[f32], m: u32, n: u32, lda: u32) -> None:
    """y[i] = the sum of A[i·lda + j] · x[j] over j < n, for i < m."""
    i = get_global_id()
    if i < m:
        row = i * lda
        total = 0.0
        for j in range(n):
            total += A[row + j] * x[j]
        y[i] = total


@kernel
def gemm_f32(
    A: DeviceArray[f32],
    B: DeviceArray[f32],
    C: DeviceArray[f32],
    m: u32,
    n: u32,
    k: u32,
    lda: u32,
    ldb: u32,
    ldc: u32,
) -> None:
    """C[i·ldc + j] = the sum of A[i·lda + p] · B[p·ldb + j] over p < k, for i < m and j < n."""
    j = get_global_id(0)
    i = get_global_id(1)
    if i < m and j < n:
        total = 0.0
        for p in range(k):
            total += A[i * lda + p] * B[p * ldb + j]
        C[i * ldc + j] = total
