// An embedder imports Muniment alone: the value types of the layers below come with it.

@_exported public import MunimentFormat
@_exported public import MunimentMerkle
@_exported public import MunimentNote
@_exported public import MunimentStore
