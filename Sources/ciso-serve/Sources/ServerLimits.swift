internal import Glibc

/// Limits on requests.
enum ServerLimits {
    /// The maximum number of connections; fewer if the system allows fewer open files. The server waits for one to end
    /// before it accepts another: without a free descriptor, its event loop would not wait.
    static let connections = min(4096, max(32, raisedDescriptorLimit() - descriptorsOfStore))
    /// The maximum number of event streams, so that other requests find connections.
    static let eventStreams = connections / 2
    /// The open files of the process besides connections.
    private static let descriptorsOfStore = 256
    /// The maximum size of a request's head in bytes.
    static let head = 16 << 10
    /// The maximum size of a request's body in bytes.
    static let body = 16 << 10
    /// The maximum length of a path in characters.
    static let address = 1024
    /// The maximum size of the cache of rendered pages in bytes.
    static let cache = 16 << 20
    /// The resident memory in bytes, with mapped files, above which caches are released.
    static let memory = 150 << 20
    /// The number of rendered pages after which the memory is compared with that limit.
    static let pagesPerCheck = 16
    /// Seconds without a complete request after which a connection is closed.
    static let idle = 30
    /// Seconds during which a client may take nothing of a response, after which its connection is closed.
    static let unread = 60
    /// The maximum number of concurrent change requests; others are rejected.
    static let changes = 4

    /// Raises the limit on open files, which is 1024 by default, to what most connections and the store need, or to the
    /// maximum that the system allows, and returns it.
    private static func raisedDescriptorLimit() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 8192))
        return Int(clamping: setrlimit(resource, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur)
    }
}
