public import PluginMessages

/// What a distro calls the packages that opam files name in `depexts`.
///
/// Opam-repository filters its names by distro, so most are already right and pass through. A table holds the rest.
public struct SystemPackageNames: Sendable {
    /// A character that parts a name from something else, of which only one side is the name.
    public struct Separator: Sendable {
        public enum Side: Sendable {
            case before, after
        }

        let character: Character
        let side: Side
        let reason: String

        /// - Parameter reason: Why the other side is dropped.
        public init(_ character: Character, keeps side: Side, reason: String) {
            self.character = character
            self.side = side
            self.reason = reason
        }
    }

    /// Other names, by the depext's: `["libncurses5-dev": ["libncurses-dev"]]`; an empty list where the environment
    /// has it already.
    public var renamed: [String: [String]]
    /// Names that the distro does not have, with the reason.
    public var absent: [String: String]
    /// Names that every environment has from its bootstrap.
    public var included: Set<String>
    /// Split off, in this order, before what remains is looked up again.
    public var separators: [Separator]
    /// Characters of a name beside ASCII letters and digits.
    public var punctuation: String
    private var absence: String?

    /// Of a system that has no packages: every name is unknown.
    ///
    /// - Parameter reason: Why.
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

    /// Tables of which those names that the distro does not have share their reason.
    public init(
        renamed: [String: [String]] = [:], absent: [String], because reason: String, included: Set<String> = [],
        separators: [Separator] = [], punctuation: String = "+-._"
    ) {
        self.init(
            renamed: renamed, absent: Dictionary(absent.map { ($0, reason) }, uniquingKeysWith: { first, _ in first }),
            included: included, separators: separators, punctuation: punctuation)
    }

    /// What becomes of one depext.
    public func resolve(_ name: String) -> SystemPackage {
        if let absence { return SystemPackage(name, .unknown, packages: [], reason: absence) }
        if let known = lookUp(name) { return known }
        guard !name.split(separator: "/", omittingEmptySubsequences: false).contains(where: { $0 == "" || $0 == ".." })
        else { return SystemPackage(name, .unknown, packages: [], reason: "no name of a package") }
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
            return SystemPackage(name, .unknown, packages: [], reason: "no name of a package")
        }
        return SystemPackage(name, .passedThrough, packages: [name])
    }

    private func lookUp(_ name: String) -> SystemPackage? {
        if let packages = renamed[name] {
            let reason = packages.isEmpty ? "part of the environment" : "called so on this distro"
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
