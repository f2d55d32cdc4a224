/// What a worker uses of a store: its ephemeral values, objects and logs, and nothing of its history.
public struct WorkerStore: Sendable {
    /// Where dispatchers and workers meet.
    public let ephemeral: any EphemeralValues
    /// Requests, and what does not fit into reports.
    public let objects: any BlobStore
    /// The logs of jobs.
    public let logs: LogDirectory

    /// Opens the store at `path`.
    ///
    /// - Throws: `StoreError` of kind `noStore` where there is none, `newerSchema` where this program is too old for it,
    ///   `readOnly` where it is a plain clone.
    public init(opening path: String, options: StoreOptions = StoreOptions()) throws {
        let layout = try Layout.find(at: path)
        if let clone = layout.clone { throw clone.writeRefusal }
        _ = try options.schema.check(layout)
        ephemeral =
            try options.coordination
            ?? FileEphemeralValues(directory: layout.live, changeDetection: options.changeDetection)
        objects = ObjectDirectory(directory: layout.objects)
        logs = LogDirectory(directory: layout.logs, shared: options.sharedLogs)
    }

    /// What a worker uses that does not reach the store's folder; all that it writes goes where machines share it.
    ///
    /// - Parameter directory: where logs are while jobs run.
    public init(
        coordination: any EphemeralValues, objects: any BlobStore, logs: any SharedLogs, runningLogs directory: String
    ) {
        ephemeral = coordination
        self.objects = objects
        self.logs = LogDirectory(directory: directory, shared: logs, keepsShared: false)
        self.logs.removeLeftOvers()
    }
}
