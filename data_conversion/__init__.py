"""Annotations to trees: readers, formalisms, composition and the sample corpus. Pure Python."""
