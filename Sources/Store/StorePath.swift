internal import Core

/// The path of a document in a branch: names separated by slashes, valid in every git and every file system.
public struct StorePath: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The maximum length of a name in bytes.
    public static let nameLimit = 255
    /// The maximum number of names in a path.
    public static let depthLimit = 32

    /// The names, at least one.
    public let components: [String]

    /// Parses `a/b/c`.
    ///
    /// - Throws: `StoreError` of kind `invalidPath` for an empty or overlong name, `.`, `..`, `.git`, a control
    ///   character, or too many names.
    public init(_ text: some StringProtocol) throws(StoreError) {
        // By bytes, as git does: to it, a combining character is a name of its own.
        let names = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        try self.init(components: names.map { String(decoding: $0, as: UTF8.self) })
    }

    /// A path of `components`, each of which must be a valid name.
    public init(components: [String]) throws(StoreError) {
        guard !components.isEmpty, components.count <= Self.depthLimit else {
            throw StoreError(
                .invalidPath, "'\(components.joined(separator: "/"))' has \(components.count) names",
                hint: "a path has 1 to \(Self.depthLimit) names")
        }
        for component in components {
            if let problem = Self.problem(with: component) {
                throw StoreError(.invalidPath, "'\(components.joined(separator: "/"))': \(problem)")
            }
        }
        self.components = components
    }

    private init(trusted components: [String]) {
        self.components = components
    }

    private static func problem(with name: String) -> String? {
        if name.isEmpty { return "a name is empty" }
        if name.utf8.count > nameLimit { return "a name is longer than \(nameLimit) bytes" }
        if name == "." || name == ".." || name.utf8.count == 4 && name.lowercased() == ".git" {
            return "'\(name)' is not allowed as a name"
        }
        if name.utf8.contains(where: { $0 < 32 || $0 == 127 || $0 == UInt8(ascii: "/") }) {
            return "a name has a control character"
        }
        return nil
    }

    /// This path followed by `name`.
    public func appending(_ name: String) throws(StoreError) -> StorePath {
        try StorePath(components: components + [name])
    }

    /// The last name.
    public var name: String { components[components.count - 1] }

    /// The path without its last name; nil for a path of one name.
    public var parent: StorePath? {
        components.count > 1 ? StorePath(trusted: Array(components.dropLast())) : nil
    }

    /// The directories above, nearest first.
    var ancestors: [StorePath] {
        stride(from: components.count - 1, to: 0, by: -1).map { StorePath(trusted: Array(components.prefix($0))) }
    }

    /// Whether this path is at or below `prefix`.
    public func isInside(_ prefix: StorePath) -> Bool { components.starts(with: prefix.components) }

    public var description: String { components.joined(separator: "/") }

    public static func < (left: Self, right: Self) -> Bool {
        left.components.lexicographicallyPrecedes(right.components)
    }
}

extension StorePath: ExpressibleByStringLiteral {
    /// A path literal. Traps if it is invalid: use `init(_:)` for input.
    public init(stringLiteral text: String) {
        do {
            try self.init(text)
        } catch {
            preconditionFailure("invalid path in source code: \(error)")
        }
    }
}

/// A path with the type of its value.
public struct TypedPath<Value: Codable>: Hashable, Sendable, CustomStringConvertible {
    /// The path.
    public let path: StorePath

    public init(_ path: StorePath) {
        self.path = path
    }

    public var description: String { path.description }
}

/// A directory whose documents are found by key, distributed over subdirectories named by two hexadecimal digits.
///
/// Each change rewrites the directories above it, so flat directories of 10⁵ names are slow: with one level, a
/// directory of 10⁵ documents has 256 parts of 400; with two levels, one of 10⁶ has 65,536 parts of 15.
public struct ShardedDirectory<Value: Codable>: Hashable, Sendable {
    public let path: StorePath
    /// The number of levels of two digits, 1 or 2.
    public let levels: Int

    public init(_ path: StorePath, levels: Int = 1) {
        self.path = path
        self.levels = min(max(levels, 1), 2)
    }

    /// The path of the document with this key, `PATH/ab/KEY.json`.
    ///
    /// The digits are the key's own if it begins with 16 hexadecimal digits, otherwise those of its SHA-256 digest.
    public func document(_ key: String) throws(StoreError) -> TypedPath<Value> {
        let digits = key.prefix(16)
        let isHexadecimal =
            digits.utf8.count == 16 && digits.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        let shard = isHexadecimal ? String(digits) : Digest(of: key).hex
        var components = path.components
        for level in 0..<levels { components.append(String(shard.dropFirst(level * 2).prefix(2))) }
        return TypedPath(try StorePath(components: components + ["\(key).json"]))
    }

    /// The key of the document at `path`; nil if it is not in this directory.
    public func key(of path: StorePath) -> String? {
        guard path.isInside(self.path), path.components.count == self.path.components.count + levels + 1,
            path.name.hasSuffix(".json")
        else { return nil }
        return String(path.name.dropLast(5))
    }
}
