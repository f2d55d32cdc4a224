public import PluginMessages

/// What a distro calls the packages that opam files name in `depexts`.
///
/// Opam-repository filters its names by distro, so most are already right and pass through. A table holds the rest.
public struct SystemPackageNames: Sendable {
    /// Other names, by the depext's: `["libncurses5-dev": ["libncurses-dev"]]`.
    public var renamed: [String: [String]]
    /// Names that the distro does not have, with the reason.
    public var absent: [String: String]
    /// Names that every environment has from its bootstrap.
    public var included: Set<String>
    /// Characters of a name beside ASCII letters and digits.
    public var punctuation: String

    public init(
        renamed: [String: [String]] = [:], absent: [String: String] = [:], included: Set<String> = [],
        punctuation: String = "+-._"
    ) {
        self.renamed = renamed
        self.absent = absent
        self.included = included
        self.punctuation = punctuation
    }

    /// What becomes of one depext.
    public func resolve(_ name: String) -> SystemPackage {
        if let packages = renamed[name] {
            return SystemPackage(name, .mapped, packages: packages, reason: "called so on this distro")
        }
        if included.contains(name) {
            return SystemPackage(name, .mapped, packages: [], reason: "part of the environment")
        }
        if let reason = absent[name] {
            return SystemPackage(name, .unknown, packages: [], reason: reason)
        }
        guard isName(name) else {
            return SystemPackage(name, .unknown, packages: [], reason: "no name of a package")
        }
        return SystemPackage(name, .passedThrough, packages: [name])
    }

    private func isName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, isLetterOrDigit(first) || first == "@" && punctuation.contains("@")
        else { return false }
        return name.unicodeScalars.allSatisfy { isLetterOrDigit($0) || punctuation.unicodeScalars.contains($0) }
    }
}

private func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
}
