import Foundation
import TestSupport

/// The published schema, and a validator of the part of JSON Schema that it uses.
struct Schema {
    private let definitions: [String: [String: Any]]
    let calls: [String: [String: [String: Any]]]

    init() throws {
        let data = try Data(contentsOf: PackageDirectory.url.appending(path: "docs/plugin-messages.schema.json"))
        let document = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        definitions = document["$defs"] as? [String: [String: Any]] ?? [:]
        calls = document["x-calls"] as? [String: [String: [String: Any]]] ?? [:]
    }

    var names: Set<String> { Set(definitions.keys) }

    subscript(_ name: String) -> [String: Any] { definitions[name] ?? [:] }

    func properties(of name: String) -> [String: [String: Any]] {
        self[name]["properties"] as? [String: [String: Any]] ?? [:]
    }

    func required(of name: String) -> Set<String> {
        Set(self[name]["required"] as? [String] ?? [])
    }

    /// The errors in `value`, each a path and a sentence.
    func problems(of value: Any, as schema: [String: Any], at path: String = "") -> [String] {
        if let reference = schema["$ref"] as? String {
            return problems(of: value, as: self[String(reference.dropFirst("#/$defs/".count))], at: path)
        }
        if let choices = schema["enum"] as? [String] {
            return (value as? String).map(choices.contains) == true ? [] : ["\(path): not one of \(choices)"]
        }
        switch schema["type"] as? String {
        case "string": return text(value, schema, path)
        case "boolean": return value is Bool ? [] : ["\(path): no boolean"]
        case "integer": return value is Int ? [] : ["\(path): no integer"]
        case "array": return array(value, schema, path)
        case "object": return object(value, schema, path)
        default: return ["\(path): the schema has no type here"]
        }
    }

    private func text(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
        guard let text = value as? String else { return ["\(path): no text"] }
        if let pattern = schema["pattern"] as? String, (try? Regex(pattern).firstMatch(in: text)) == nil {
            return ["\(path): '\(text)' is not like \(pattern)"]
        }
        return text.count < schema["minLength"] as? Int ?? 0 ? ["\(path): too short"] : []
    }

    private func array(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
        guard let elements = value as? [Any] else { return ["\(path): no list"] }
        let items = schema["items"] as? [String: Any] ?? [:]
        let few = elements.count < schema["minItems"] as? Int ?? 0 ? ["\(path): too few"] : []
        return few + elements.enumerated().flatMap { problems(of: $1, as: items, at: "\(path)[\($0)]") }
    }

    private func object(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
        guard let members = value as? [String: Any] else { return ["\(path): no object"] }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        let others = schema["additionalProperties"] as? [String: Any]
        let missing = (schema["required"] as? [String] ?? []).filter { members[$0] == nil }
        return missing.map { "\(path): '\($0)' is missing" }
            + members.flatMap { key, member -> [String] in
                guard let schema = properties[key] ?? others else { return ["\(path): '\(key)' is not in the schema"] }
                return problems(of: member, as: schema, at: "\(path).\(key)")
            }
    }
}
