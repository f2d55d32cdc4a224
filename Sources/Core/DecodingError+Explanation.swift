extension DecodingError {
    /// A one-line message: the position in the document and the problem, in JSON's terms.
    ///
    /// - Parameter schema: the document that lists the allowed values, for the message.
    package func explanation(schema: String? = nil) -> String {
        let (context, what): (Context, String) =
            switch self {
            case .keyNotFound(let key, let context): (context, "expected the key '\(key.stringValue)', found none")
            case .typeMismatch(let type, let context):
                (context, "expected \(Self.words(for: type)), found \(context.found)")
            case .valueNotFound(let type, let context): (context, "expected \(Self.words(for: type)), found null")
            case .dataCorrupted(let context): (context, context.problem(schema: schema))
            @unknown default: (Context(codingPath: [], debugDescription: ""), "it cannot be decoded")
            }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return path.isEmpty ? what : "at \(path.drop { $0 == "." }): \(what)"
    }

    /// The name of a type in JSON's terms.
    private static func words(for type: any Any.Type) -> String {
        switch "\(type)" {
        case "Bool": "true or false"
        case "String": "a text"
        case "Int", "UInt32": "a whole number"
        case "Double": "a number"
        case let name where name.hasPrefix("Array"): "a list"
        default: "an object"
        }
    }
}

extension DecodingError.Context {
    /// `a string` from Foundation's `Expected to decode Bool but found a string instead.`
    fileprivate var found: Substring {
        debugDescription.firstMatch(of: /found (.+?) instead/)?.output.1 ?? "something else"
    }

    /// The problem of a value that has the right type.
    fileprivate func problem(schema: String?) -> String {
        guard let value = debugDescription.firstMatch(of: /from invalid String value (.*)/)?.output.1 else {
            return debugDescription
        }
        return "'\(value)' is none of the values that \(schema.map { "\($0) lists" } ?? "are allowed") there"
    }
}
