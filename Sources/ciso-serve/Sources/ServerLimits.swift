internal import Glibc

/// Limits on requests.
enum ServerLimits {
    static let connections = 4096
    static let eventStreams = 2048
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

    /// Raises the limit on open files, which is 1024 by default, to what all connections and the store need, or to the
    /// maximum that the system allows.
    static func raiseDescriptorLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(2 * connections)))
        setrlimit(resource, &limit)
    }
}
