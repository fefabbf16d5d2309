"""Search and optimisation: the contracts of the original library's quantum-inspired kernels, kept by plain means."""

from hologram.language import DeviceArray, atomic_add, f32, get_global_id, grid_sum, kernel, u32


@kernel
def quantum_search(
    data: DeviceArray[f32],
    target: f32,
    results: DeviceArray[f32],
    total_results: DeviceArray[u32],
    n: u32,
    max_iterations: u32,
) -> None:
    """results gets the places i < n with data[i] == target, in any order, and total_results[0] grows by their number.

    Every element is looked at once, unless max_iterations is 0: then nothing is found.
    """
    i = get_global_id()
    if i < n and max_iterations > 0 and data[i] == target:
        results[atomic_add(total_results, 0, 1)] = f32(i)


@kernel
def optimal_path(
    adjacency: DeviceArray[f32],
    path_weights: DeviceArray[f32],
    visited: DeviceArray[u32],
    start: u32,
    target: u32,
    n: u32,
    max_depth: u32,
    total_paths: DeviceArray[u32],
) -> None:
    """path_weights[v] = the weight of the lightest path from start to v, after max_depth rounds (n − 1 are enough).

    adjacency[u·n + v] is the weight of the edge from u to v, no edge where it is not above 0. What cannot be reached
    keeps the caller's weight (infinity, usually); visited[v] is 1 where v was reached, total_paths[0] if target was.
    """
    if start < n and target < n:
        path_weights[start] = 0.0
        visited[start] = 1
        for _ in range(max_depth):
            for u in range(n):
                if visited[u] > 0:
                    for v in range(n):
                        edge = adjacency[u * n + v]
                        if edge > 0.0 and (visited[v] == 0 or path_weights[u] + edge < path_weights[v]):
                            path_weights[v] = path_weights[u] + edge
                            visited[v] = 1
        total_paths[0] = visited[target]


@kernel
def constraint_solve(
    variables: DeviceArray[f32],
    constraints: DeviceArray[f32],
    violation_count: DeviceArray[u32],
    is_satisfied: DeviceArray[u32],
    n: u32,
    m: u32,
    max_iterations: u32,
) -> None:
    """Brings every variable within its bounds where those can all hold, and says which constraints hold.

    constraints[v·m + j] is what constraint j asks of variable v: at least w where w is above 0, at most -w where it is
    below, nothing where it is 0. violation_count[v] counts those that variable v breaks at the end, is_satisfied[j] is
    1 where all variables keep constraint j. With max_iterations 0 nothing moves.
    """
    for j in range(m):
        is_satisfied[j] = 1
    for v in range(n):
        value = variables[v]
        if max_iterations > 0:
            for j in range(m):
                bound = constraints[v * m + j]
                if bound < 0.0:
                    value = min(value, -bound)
            for j in range(m):
                bound = constraints[v * m + j]
                if bound > 0.0:
                    value = max(value, bound)
        variables[v] = value
        broken = u32(0)
        for j in range(m):
            bound = constraints[v * m + j]
            if (bound > 0.0 and value < bound) or (bound < 0.0 and value > -bound):
                broken += 1
                is_satisfied[j] = 0
        violation_count[v] = broken


@kernel
def minimize_energy(
    state: DeviceArray[f32],
    energy: DeviceArray[f32],
    best_state: DeviceArray[f32],
    temperature: f32,
    n: u32,
    max_iterations: u32,
) -> None:
    """Cools a state down to less energy, the sum of squares: energy[n] is that of best_state, energy[d] its parts.

    Each round moves every coordinate towards 0, by a step that shrinks with the temperature.
    """
    d = get_global_id()
    if d < n:
        place = state[d]
        for k in range(max_iterations):
            heat = temperature * (1.0 - f32(k) / f32(max_iterations))
            place -= place * (0.5 * heat / (1.0 + heat))
        state[d] = place
        best_state[d] = place
        energy[d] = place * place
        grid_sum(place * place, energy, n)
