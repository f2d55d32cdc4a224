public import Foundation

/// JSON in one form only: keys sorted, indented by two spaces, no escaped slashes, one LF at the end.
/// Equal values have equal bytes, and so equal digests and equal git objects.
public enum CanonicalJSON {
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }()

    /// The canonical bytes of `value`.
    ///
    /// - Throws: `EncodingError` if the value cannot be written as JSON (an infinite number, say).
    public static func encode(_ value: some Encodable) throws -> Data {
        var data = try encoder.encode(value)
        data.append(UInt8(ascii: "\n"))
        return data
    }

    /// The value that `data` holds.
    ///
    /// - Throws: `DecodingError` if it holds something else.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }

    /// The digest of the canonical bytes of `value`: its content address.
    public static func digest(of value: some Encodable) throws -> Digest {
        Digest(of: [UInt8](try encode(value)))
    }
}
