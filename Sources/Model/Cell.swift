internal import Core

/// One version of an opam package.
public struct PackageVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The package's name.
    public let name: String
    /// The package's version.
    public let version: String

    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }

    /// Parses `NAME.VERSION`; the name ends at the first dot, as in opam.
    public init?(_ text: some StringProtocol) {
        guard let dot = text.firstIndex(of: "."), dot != text.startIndex else { return nil }
        let version = text[text.index(after: dot)...]
        guard !version.isEmpty else { return nil }
        self.init(name: String(text[..<dot]), version: String(version))
    }

    public var description: String { "\(name).\(version)" }

    /// Compares the bytes of the names, then those of the versions: an order for tables, not opam's order of versions.
    public static func < (left: Self, right: Self) -> Bool {
        left.name == right.name ? left.version < right.version : left.name < right.name
    }
}

/// One square of the result table: a package version on a target with a compiler.
public struct Cell: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name of the target in the matrix.
    public let target: String
    /// The name of the compiler in the matrix: `5.3.0`.
    public let compiler: String
    /// The package version of the cell.
    public let package: PackageVersion

    public init(target: String, compiler: String, package: PackageVersion) {
        self.target = target
        self.compiler = compiler
        self.package = package
    }

    /// Parses `TARGET/COMPILER/PACKAGE.VERSION`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty, let package = PackageVersion(parts[2]) else {
            return nil
        }
        self.init(target: String(parts[0]), compiler: String(parts[1]), package: package)
    }

    public var description: String { "\(target)/\(compiler)/\(package)" }

    public static func < (left: Self, right: Self) -> Bool {
        if left.target != right.target { return left.target < right.target }
        if left.compiler != right.compiler { return left.compiler < right.compiler }
        return left.package < right.package
    }
}

extension PackageVersion: TextCodable {
    package static var textForm: String { "NAME.VERSION" }

    package init?(text: String) { self.init(text) }
}

extension Cell: TextCodable {
    package static var textForm: String { "TARGET/COMPILER/NAME.VERSION" }

    package init?(text: String) { self.init(text) }
}
