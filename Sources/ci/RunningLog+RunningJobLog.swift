internal import Store
internal import Worker

/// A job's log is the store's running log.
extension RunningLog: RunningJobLog {}
