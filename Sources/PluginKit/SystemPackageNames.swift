public import PluginMessages

/// The distribution's names of the packages in `depexts` of opam files.
///
/// Opam-repository filters names by distribution, so most are already right and are passed through. Tables contain the
/// others.
public struct SystemPackageNames: Sendable {
    /// A character that separates a package name from text that does not belong to it.
    public struct Separator: Sendable {
        public enum Side: Sendable {
            case before, after
        }

        let character: Character
        let side: Side
        let reason: String

        /// - Parameter reason: Why the text on the other side is dropped.
        public init(_ character: Character, keeps side: Side, reason: String) {
            self.character = character
            self.side = side
            self.reason = reason
        }
    }

    /// Other names by depext: `["libncurses5-dev": ["libncurses-dev"]]`; an empty list if the environment already
    /// contains it.
    public var renamed: [String: [String]]
    /// Names that the distribution does not have, with the reason.
    public var absent: [String: String]
    /// Names that are installed by the bootstrap of every environment.
    public var included: Set<String>
    /// Separators that are split off in this order before the remaining name is looked up again.
    public var separators: [Separator]
    /// The characters allowed in names besides ASCII letters and digits.
    public var punctuation: String
    private var absence: String?

    /// The names of a system without packages: every name is unknown.
    ///
    /// - Parameter reason: The reason.
    public init(allAbsentBecause reason: String) {
        self.init()
        absence = reason
    }

    public init(
        renamed: [String: [String]] = [:], absent: [String: String] = [:], included: Set<String> = [],
        separators: [Separator] = [], punctuation: String = "+-._"
    ) {
        self.renamed = renamed
        self.absent = absent
        self.included = included
        self.separators = separators
        self.punctuation = punctuation
    }

    /// Creates tables in which the names that the distribution does not have share their reason.
    public init(
        renamed: [String: [String]] = [:], absent: [String], because reason: String, included: Set<String> = [],
        separators: [Separator] = [], punctuation: String = "+-._"
    ) {
        self.init(
            renamed: renamed, absent: Dictionary(absent.map { ($0, reason) }, uniquingKeysWith: { first, _ in first }),
            included: included, separators: separators, punctuation: punctuation)
    }

    /// Resolves one depext.
    public func resolve(_ name: String) -> SystemPackage {
        if let absence { return SystemPackage(name, .unknown, packages: [], reason: absence) }
        if let known = lookUp(name) { return known }
        // By bytes: to Swift, a slash before a combining character is not a slash.
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0.elementsEqual("..".utf8) }) else {
            return SystemPackage(name, .unknown, packages: [], reason: "not a package name")
        }
        for separator in separators {
            let parts = name.split(separator: separator.character, omittingEmptySubsequences: false)
            guard parts.count > 1 else { continue }
            let rest = String(separator.side == .before ? parts[0] : parts[parts.count - 1])
            guard isName(rest) else { break }
            let found = lookUp(rest)
            return SystemPackage(
                name, found?.status == .unknown ? .unknown : .mapped, packages: found?.packages ?? [rest],
                reason: found?.reason ?? separator.reason)
        }
        guard isName(name) else {
            return SystemPackage(name, .unknown, packages: [], reason: "not a package name")
        }
        return SystemPackage(name, .passedThrough, packages: [name])
    }

    private func lookUp(_ name: String) -> SystemPackage? {
        if let packages = renamed[name] {
            let reason = packages.isEmpty ? "part of the environment" : "renamed on this distribution"
            return SystemPackage(name, .mapped, packages: packages, reason: reason)
        }
        if included.contains(name) {
            return SystemPackage(name, .mapped, packages: [], reason: "part of the environment")
        }
        return absent[name].map { SystemPackage(name, .unknown, packages: [], reason: $0) }
    }

    private func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "-") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: punctuation.utf8.contains(byte)
            }
        }
    }
}
