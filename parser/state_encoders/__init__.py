"""Encoders of the stack: modules that give a vector for every state of the stack.

A new state encoder is a new module here whose class takes the size of a row first and its sizes as keywords.
"""
