internal import Core

/// The response of a server.
package struct HTTPResponse: Sendable {
    /// The status code; 0 if the protocol has none.
    package var status = 0
    /// The headers with names in lower case.
    package var headers: [(name: String, value: String)] = []
    /// The body, unless it was passed to a receiver.
    package var body: [UInt8] = []
    /// The URL of the response, after redirections.
    package var url = ""

    /// Whether the request succeeded.
    package var isSuccess: Bool { status == 0 || (200..<300).contains(status) }

    /// The last value of a header; nil if it is absent.
    ///
    /// - Parameter name: the name in lower case.
    package func header(_ name: String) -> String? { headers.last { $0.name == name }?.value }

    /// The beginning of the body as displayable text.
    package var excerpt: String {
        String(decoding: body.prefix(400), as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
            .displayableOnOneLine
    }
}
