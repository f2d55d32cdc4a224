internal import Core
internal import Foundation

/// Decodes a JSON string literal.
enum JSONText {
    static func decode(_ literal: [UInt8]) throws -> String {
        try JSONDecoder().decode([String].self, from: Data("[".utf8 + literal + "]".utf8))[0]
    }
}

/// Finds unknown keys in a plugin's answer.
///
/// A runner ignores them, so that it can use newer plugins; in a check they are either misspelt or of another version.
enum UnknownKeys {
    /// Optional keys, which are absent from an answer that misspells them.
    private static let optional = [
        "buildVariables", "cacheable", "choices", "defaultValue", "directory", "disk", "elevation", "environment",
        "gid",
        "hint", "idempotent", "image", "inputs", "limits", "literal", "log", "memory", "namesCompared", "network",
        "opamClient", "options", "packages", "phase", "place", "probe", "processes", "reason", "silence",
        "systemCompiler", "installedPackages", "time", "tools", "uid", "unless", "user", "arguments", "versions",
        "firmware", "login", "machine", "processor", "seed", "setClock",
        "failures", "files", "installer", "repeats", "send", "signifyKey", "timeLimit",
    ]

    /// The problems of the keys in `found`, each as a sentence with a position and a remedy.
    ///
    /// - Parameter understood: the answer as decoded and encoded again by this program.
    static func problems(in found: StrictJSON, understood: StrictJSON, at location: String = "") -> [String] {
        switch (found, understood) {
        case (.object(let found), .object(let understood)):
            return found.sorted { $0.key < $1.key }.flatMap { key, value -> [String] in
                let path = location.isEmpty ? key : "\(location).\(key)"
                if let known = understood[key] { return problems(in: value, understood: known, at: path) }
                if value == .null { return ["\(path): null; leave the key out instead"] }
                let candidates = Set(understood.keys).union(optional).subtracting(found.keys).sorted()
                let guess = nearest(to: key, in: candidates).map { "did you mean '\($0)'?" } ?? "remove it"
                return ["\(path): there is no key '\(key)' here; \(guess)"]
            } + missingUser(found, understood, location)
        case (.array(let found), .array(let understood)):
            return zip(found, understood).enumerated().flatMap { number, pair in
                problems(in: pair.0, understood: pair.1, at: "\(location)[\(number)]")
            }
        default: return []
        }
    }

    /// The user of a step that changes the system must be given: the default is the build user, which lacks the
    /// permissions.
    private static func missingUser(
        _ found: [String: StrictJSON], _ understood: [String: StrictJSON], _ location: String
    ) -> [String] {
        guard found["user"] == nil, understood["user"] != nil, understood["script"] != nil,
            !location.hasSuffix("probe"),
            found["phase"] == .string("bootstrap") || found["phase"] == .string("depext")
        else { return [] }
        return ["\(location): a step that prepares the system has no 'user'; write \"user\": \"root\", or \"build\""]
    }
}
