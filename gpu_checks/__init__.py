"""The empirical wing: real models, held against the predictions.

The only place where torch and transformers may be imported. So far it has a callback that logs
what a monitor of rewards sees (:mod:`.monitor_callback`).
"""
