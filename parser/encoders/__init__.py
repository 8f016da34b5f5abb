"""Encoders of the utterance: modules from `Inputs` to [batch, length, dim], with an attribute `dim`.

A new encoder is a new module here whose class takes the vocabulary first and its sizes as keywords.
"""
