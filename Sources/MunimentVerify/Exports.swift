// Whoever verifies imports MunimentVerify alone: keys to trust and digests come with it.

@_exported public import MunimentFormat
@_exported public import MunimentNote
