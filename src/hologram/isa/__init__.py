"""The Atlas ISA: instruction table, programs, text and binary forms, verifier."""
