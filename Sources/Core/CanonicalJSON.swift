public import Foundation

/// JSON in a unique form: sorted keys, two spaces of indentation, no escaped slashes, a line feed at the end. Equal
/// values have equal bytes, and therefore equal digests and git objects.
public enum CanonicalJSON {
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }()

    /// The canonical bytes of `value`.
    ///
    /// - Throws: `EncodingError` if the value cannot be represented in JSON, such as an infinite number.
    public static func encode(_ value: some Encodable) throws -> Data {
        var data = try encoder.encode(value)
        data.append(UInt8(ascii: "\n"))
        return data
    }

    /// Decodes a value.
    ///
    /// - Throws: `DecodingError` if `data` does not contain such a value.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        if type is any CanonicalDocument.Type { return try decode(type, from: [UInt8](data)) }
        return try JSONDecoder().decode(type, from: data)
    }

    /// Decodes a value. A `CanonicalDocument` in canonical form is decoded without `Codable`.
    ///
    /// - Throws: `DecodingError` if `bytes` do not contain such a value.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        if let type = type as? any CanonicalDocument.Type, let value = type.init(canonicalBytes: bytes) as? Value {
            return value
        }
        return try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// The digest of the canonical bytes of `value`: its content address.
    public static func digest(of value: some Encodable) throws -> Digest {
        Digest(of: [UInt8](try encode(value)))
    }
}
