"""The empirical wing: real models, held against the predictions.

The only place where torch and transformers may be imported. There is nothing in it yet.
"""
