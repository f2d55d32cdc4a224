/// What is asked of a server.
package struct HTTPRequest: Sendable {
    /// What is to be done.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What is sent along.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Bytes of a file, read while they are sent.
        case file(String, offset: Int = 0, count: Int)
    }

    /// Bounds on an exchange.
    package struct Limits: Sendable {
        /// Until a connection exists.
        package var connecting: Duration = .seconds(30)
        /// Until the answer is complete; nil: any time.
        package var time: Duration?
        /// How long fewer than 1,024 bytes a second may pass; nil: any time.
        package var stall: Duration? = .seconds(60)
        /// Bytes of the answer's body.
        package var bytes = 16 << 20

        package init() {}
    }

    /// The method.
    package var method: Method
    /// The address.
    package var url: String
    /// Names and values, in the order in which they are sent. Those named `Authorization` are not sent to other hosts that
    /// an answer redirects to.
    package var headers: [(name: String, value: String)] = []
    /// The body, if any.
    package var body: Body?
    /// How often an answer may lead on to another address.
    package var redirects = 0
    /// The schemes of addresses, also of those that answers lead to.
    package var schemes = ["http", "https"]
    /// The limits on time and size.
    package var limits = Limits()

    package init(_ method: Method, _ url: String) {
        self.method = method
        self.url = url
    }
}
