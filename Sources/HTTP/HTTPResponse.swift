internal import Core

/// What a server answered.
package struct HTTPResponse: Sendable {
    /// The status code; 0 where the protocol has none.
    package var status = 0
    /// Names in lower case, and values.
    package var headers: [(name: String, value: String)] = []
    /// The body, unless it went to a receiver.
    package var body: [UInt8] = []
    /// Where the answer came from, after redirections.
    package var url = ""

    /// Whether the request succeeded.
    package var isSuccess: Bool { status == 0 || (200..<300).contains(status) }

    /// The last value of a header; nil if there is none.
    ///
    /// - Parameter name: in lower case.
    package func header(_ name: String) -> String? { headers.last { $0.name == name }?.value }

    /// The beginning of the body as text that can be shown.
    package var excerpt: String { String(decoding: body.prefix(400), as: UTF8.self).displayableOnOneLine }
}
