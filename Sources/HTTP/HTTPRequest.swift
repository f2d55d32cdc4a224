/// A request to a server.
package struct HTTPRequest: Sendable {
    /// The method of a request.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// The body of a request.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// A part of a file, read while it is sent.
        case file(String, offset: Int = 0, count: Int)
    }

    /// The limits of an exchange.
    package struct Limits: Sendable {
        /// The time limit for connecting.
        package var connecting: Duration = .seconds(30)
        /// The time limit for the complete response; nil for none.
        package var time: Duration?
        /// The time limit for transferring less than 1,024 bytes per second; nil for none.
        package var stall: Duration? = .seconds(60)
        /// The maximum size of the response's body in bytes.
        package var bytes = 16 << 20

        package init() {}
    }

    /// The method.
    package var method: Method
    /// The URL.
    package var url: String
    /// The headers in the order in which they are sent. `Authorization` headers are not sent to other hosts after a
    /// redirection.
    package var headers: [(name: String, value: String)] = []
    /// The body, if any.
    package var body: Body?
    /// The maximum number of redirections.
    package var redirects = 0
    /// The allowed schemes of URLs, including those of redirections.
    package var schemes = ["http", "https"]
    /// The limits on time and size.
    package var limits = Limits()

    package init(_ method: Method, _ url: String) {
        self.method = method
        self.url = url
    }
}
