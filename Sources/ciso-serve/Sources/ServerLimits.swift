/// Bounds on what clients may ask.
enum ServerLimits {
    static let connections = 4096
    static let eventStreams = 2048
    /// Bytes of a request's head.
    static let head = 16 << 10
    /// Bytes of a request's body.
    static let body = 16 << 10
    /// Characters of an address.
    static let address = 1024
    /// Bytes of rendered pages that are kept.
    static let cache = 16 << 20
    /// Seconds without a complete request after which a connection is closed.
    static let idle = 30
    /// Changes that are under way at once; others are refused.
    static let changes = 4
}
