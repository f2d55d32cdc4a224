internal import HTTP

extension HTTPRequest {
    /// A request with a message as JSON, with the limits of all notices.
    ///
    /// - Parameter headers: Additional headers for this kind of message.
    static func message(_ body: [UInt8], to url: String, headers: [(String, String)]) -> HTTPRequest {
        var request = HTTPRequest(.post, url)
        request.headers = [("Content-Type", "application/json"), ("User-Agent", "ciso")] + headers
        request.body = .bytes(body)
        request.limits.connecting = .seconds(10)
        request.limits.time = .seconds(30)
        request.limits.bytes = 1 << 20
        return request
    }
}
