"""Atlas ISA to LLVM: shared by every backend that LLVM serves."""
