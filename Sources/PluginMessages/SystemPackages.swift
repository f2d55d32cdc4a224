/// Which of the distro's packages satisfy some opam depexts: the request of `system-packages`.
///
/// Opam-repository's `depexts` have filters on `os-distribution` and `os-family`; the names sent here are those whose
/// filter is true in the target.
public struct SystemPackagesRequest: Codable, Hashable, Sendable {
    /// The target that the names are for.
    public var target: TargetRequest
    /// Names as in opam files, sorted, each once.
    public var names: [String]

    public init(target: TargetRequest, names: [String]) {
        self.target = target
        self.names = names
    }
}

/// The answer to `system-packages`.
public struct SystemPackagesAnswer: Codable, Hashable, Sendable {
    /// One for every name of the request, in its order.
    public var packages: [SystemPackage]
    /// Install all of them that are not unknown, in the environment, as root and with network. Empty where there is
    /// nothing to install. The steps are a function of the set of the distro's names alone.
    public var steps: [Step]
    /// Prints the versions of the packages that the steps installed, a line `NAME VERSION` each; absent if the plugin
    /// cannot tell.
    public var versions: Step?

    public init(packages: [SystemPackage], steps: [Step], versions: Step? = nil) {
        self.packages = packages
        self.steps = steps
        self.versions = versions
    }

    /// The distro's names of all packages that the steps install, sorted, each once.
    public var installed: [String] {
        Set(packages.flatMap(\.packages)).sorted()
    }

    /// The depexts that the plugin knows not to exist on the target. A package that needs one cannot be built there.
    public var unknown: [String] {
        packages.filter { $0.status == .unknown }.map(\.name)
    }
}

/// What became of one depext name.
public struct SystemPackage: Codable, Hashable, Sendable {
    /// What becomes of a name in `depexts:`.
    public enum Status: String, Codable, Hashable, Sendable, CaseIterable {
        /// The distro calls it otherwise, or it is part of the environment already (`packages` is empty then).
        case mapped
        /// The name is taken as the distro's own.
        case passedThrough = "passed-through"
        /// The distro has no such package, or it is not a package name at all.
        case unknown
    }

    /// The name as opam files have it.
    public var name: String
    /// What becomes of the name.
    public var status: Status
    /// The distro's names; empty if unknown.
    public var packages: [String]
    /// Why it was mapped, or is unknown.
    public var reason: String?

    public init(_ name: String, _ status: Status, packages: [String], reason: String? = nil) {
        self.name = name
        self.status = status
        self.packages = packages
        self.reason = reason
    }
}
