import Foundation
import Matrix
import YAML

/// A YAML document from the point of view of JSON Schema.
struct YAMLDocument {
    let json: Any

    init?(_ text: SourceText) {
        guard let node = YAMLReader.read(text, as: "a matrix", example: "").document else { return nil }
        json = Self.value(node)
    }

    private static func value(_ node: Node) -> Any {
        switch node.content {
        case .sequence(let nodes): nodes.map(value)
        case .mapping(let entries): Dictionary(uniqueKeysWithValues: entries.map { ($0.key, value($0.value)) })
        case .scalar(let text, let isPlain): isPlain ? scalar(text) : text
        }
    }

    private static func scalar(_ text: String) -> Any {
        switch text {
        case "", "~", "null": NSNull()
        case "true": Boolean(value: true)
        case "false": Boolean(value: false)
        default: Int(text) ?? Double(text).flatMap { $0.isFinite ? Number(text: text, value: $0) : nil } ?? text
        }
    }

    struct Boolean { let value: Bool }
    struct Number {
        let text: String
        let value: Double
    }
}

/// As much of JSON Schema as `docs/matrix.schema.json` uses. Patterns are tried on the letters of numbers too, for
/// which editors fall back to the type alone.
struct SchemaValidator {
    let root: [String: Any]

    init(_ root: [String: Any]) {
        self.root = root
    }

    /// The errors in `value`, each with its path.
    func errors(in value: Any) -> [String] {
        errors(in: value, schema: root, path: "")
    }

    private func errors(in value: Any, schema: [String: Any], path: String) -> [String] {
        var found: [String] = []
        if let reference = schema["$ref"] as? String {
            let name = String(reference.split(separator: "/").last ?? "")
            let definitions = root["$defs"] as? [String: [String: Any]] ?? [:]
            guard let definition = definitions[name] else { return ["\(path): no definition \(name)"] }
            found += errors(in: value, schema: definition, path: path)
        }
        if let types = schema["type"] as? [String] ?? (schema["type"] as? String).map({ [$0] }) {
            if !types.contains(where: { Self.has(value, type: $0) }) { found.append("\(path): type") }
        }
        if let choices = schema["enum"] as? [String], !choices.contains(Self.letters(value) ?? "") {
            found.append("\(path): enum")
        }
        if let options = schema["anyOf"] as? [[String: Any]],
            !options.contains(where: { errors(in: value, schema: $0, path: path).isEmpty })
        {
            found.append("\(path): anyOf")
        }
        if let options = schema["oneOf"] as? [[String: Any]],
            options.count(where: { errors(in: value, schema: $0, path: path).isEmpty }) != 1
        {
            found.append("\(path): oneOf")
        }
        if let excluded = schema["not"] as? [String: Any], errors(in: value, schema: excluded, path: path).isEmpty {
            found.append("\(path): not")
        }
        return found + scalarErrors(in: value, schema: schema, path: path)
            + arrayErrors(in: value, schema: schema, path: path)
            + objectErrors(in: value, schema: schema, path: path)
    }

    private func scalarErrors(in value: Any, schema: [String: Any], path: String) -> [String] {
        guard let text = Self.letters(value) else { return [] }
        var found: [String] = []
        if let pattern = schema["pattern"] as? String, text.range(of: pattern, options: .regularExpression) == nil {
            found.append("\(path): pattern")
        }
        if let least = schema["minLength"] as? Int, text.count < least { found.append("\(path): minLength") }
        if let most = schema["maxLength"] as? Int, text.count > most { found.append("\(path): maxLength") }
        if let number = value as? Int {
            if let least = schema["minimum"] as? Int, number < least { found.append("\(path): minimum") }
            if let most = schema["maximum"] as? Int, number > most { found.append("\(path): maximum") }
        }
        return found
    }

    private func arrayErrors(in value: Any, schema: [String: Any], path: String) -> [String] {
        guard let array = value as? [Any] else { return [] }
        var found: [String] = []
        if let least = schema["minItems"] as? Int, array.count < least { found.append("\(path): minItems") }
        if schema["uniqueItems"] as? Bool == true {
            let letters = array.map { Self.letters($0) ?? "" }
            if Set(letters).count < letters.count { found.append("\(path): uniqueItems") }
        }
        if let items = schema["items"] as? [String: Any] {
            for (index, element) in array.enumerated() {
                found += errors(in: element, schema: items, path: "\(path)/\(index)")
            }
        }
        return found
    }

    private func objectErrors(in value: Any, schema: [String: Any], path: String) -> [String] {
        guard let object = value as? [String: Any] else { return [] }
        var found: [String] = []
        for key in schema["required"] as? [String] ?? [] where object[key] == nil {
            found.append("\(path): required \(key)")
        }
        for (key, others) in schema["dependentRequired"] as? [String: [String]] ?? [:] where object[key] != nil {
            found += others.filter { object[$0] == nil }.map { "\(path): \(key) requires \($0)" }
        }
        if let least = schema["minProperties"] as? Int, object.count < least { found.append("\(path): minProperties") }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        let patterns = schema["patternProperties"] as? [String: Any] ?? [:]
        for (key, element) in object {
            if let names = schema["propertyNames"] as? [String: Any] {
                found += errors(in: key, schema: names, path: "\(path)/\(key)")
            }
            if let property = properties[key] {
                found += errors(in: element, schema: property, path: "\(path)/\(key)")
            } else if patterns.keys.contains(where: { key.range(of: $0, options: .regularExpression) != nil }) {
                continue
            } else if let others = schema["additionalProperties"] as? [String: Any] {
                found += errors(in: element, schema: others, path: "\(path)/\(key)")
            } else if schema["additionalProperties"] as? Bool == false {
                found.append("\(path): unknown \(key)")
            }
        }
        return found
    }

    private static func letters(_ value: Any) -> String? {
        switch value {
        case let text as String: text
        case let number as Int: String(number)
        case let number as YAMLDocument.Number: number.text
        default: nil
        }
    }

    private static func has(_ value: Any, type: String) -> Bool {
        switch type {
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "boolean": value is YAMLDocument.Boolean
        case "integer": value is Int
        case "number": value is Int || value is YAMLDocument.Number
        default: false
        }
    }
}
