/// The parts of a store that a worker uses: its ephemeral values, objects and logs, but not its history.
public struct WorkerStore: Sendable {
    /// The ephemeral values by which dispatchers and workers communicate.
    public let ephemeral: any EphemeralValues
    /// Requests, and parts of reports that do not fit into their documents.
    public let objects: any BlobStore
    /// The logs of jobs.
    public let logs: LogDirectory

    /// Opens the store at `path`.
    ///
    /// - Throws: `StoreError` of kind `noStore` if there is none, `newerSchema` if this program is too old for it,
    ///   `readOnly` if it is a plain clone.
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

    /// Creates the store of a worker without access to the store's directory; everything it writes goes to shared
    /// storage.
    ///
    /// - Parameter directory: the directory of logs while jobs run.
    public init(
        coordination: any EphemeralValues, objects: any BlobStore, logs: any SharedLogs, runningLogs directory: String
    ) {
        ephemeral = coordination
        self.objects = objects
        self.logs = LogDirectory(directory: directory, shared: logs, keepsShared: false)
        self.logs.removeLeftOvers()
    }
}
