package import Foundation

/// JSON on one line with sorted keys and without escaped slashes. Equal values have equal bytes.
package enum CompactJSON {
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    /// The bytes of `value`.
    ///
    /// - Throws: `EncodingError` if the value cannot be represented in JSON.
    package static func encode(_ value: some Encodable) throws -> Data { try encoder.encode(value) }

    /// The text of `value`.
    ///
    /// - Throws: `EncodingError` if the value cannot be represented in JSON.
    package static func text(of value: some Encodable) throws -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }
}
