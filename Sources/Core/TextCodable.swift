/// A value that is encoded as its text, `description`.
package protocol TextCodable: Codable, CustomStringConvertible {
    /// The form of the text, for error messages.
    static var textForm: String { get }

    /// Parses the text; nil if it does not have the form.
    init?(text: String)
}

extension TextCodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected \(Self.textForm), found '\(text)'")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
