"""Linear algebra: products of matrices and vectors, triangular and symmetric ones, convolutions."""
