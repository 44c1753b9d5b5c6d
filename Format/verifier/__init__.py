"""The parts of the second verifier, verify.py. Nothing is shared with the engine: the pages are all that it knows.

Lowest first: `primitives`; the decoders `entries`, `segments`, `keys`, `control` and `notes`, which refuse what their
pages refuse; `tree`; `findings`; `keyring`, `bodies`, `contents`, `walk` and `store`, which judge a store; `tiles`.
"""
