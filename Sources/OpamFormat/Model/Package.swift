/// The name of a package, of a conflict class, or of a variable's package. Ordered by bytes.
public struct PackageName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name as written.
    public let text: String

    /// Creates a name without checking it.
    public init(unchecked text: String) {
        self.text = text
    }

    /// Creates a name; nil unless it has only letters, digits and `-_+`, and at least one letter.
    public init?(_ text: String) {
        var hasLetter = false
        for byte in text.utf8 {
            guard byte.isIdentifierCharacter || byte == .plus else { return nil }
            hasLetter = hasLetter || byte.isLetter
        }
        guard hasLetter else { return nil }
        self.text = text
    }

    public static func < (left: PackageName, right: PackageName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public var description: String { text }
}

/// A version of a package, written `name.version`.
public struct Package: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The package's name without its version.
    public var name: PackageName
    /// The version of the package.
    public var version: Version

    public init(name: PackageName, version: Version) {
        self.name = name
        self.version = version
    }

    /// Parses `name.version`, split at the first dot; nil if either part is invalid.
    public init?(_ text: String) {
        guard let dot = text.utf8.firstIndex(of: .dot),
            let name = PackageName(String(text[..<dot])),
            let version = Version(String(text[text.utf8.index(after: dot)...]))
        else { return nil }
        self.init(name: name, version: version)
    }

    public static func < (left: Package, right: Package) -> Bool {
        left.name == right.name ? left.version < right.version : left.name < right.name
    }

    public var description: String { "\(name).\(version)" }
}
