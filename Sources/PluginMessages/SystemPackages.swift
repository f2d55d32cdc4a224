/// The request of `system-packages`: the distribution's packages for some opam depexts.
///
/// Opam-repository's `depexts` have filters on `os-distribution` and `os-family`; the request contains the names whose
/// filters are true on the target.
public struct SystemPackagesRequest: Codable, Hashable, Sendable {
    /// The target that the names are for.
    public var target: TargetRequest
    /// The names in opam files, sorted and unique.
    public var names: [String]

    public init(target: TargetRequest, names: [String]) {
        self.target = target
        self.names = names
    }
}

/// The answer to `system-packages`.
public struct SystemPackagesAnswer: Codable, Hashable, Sendable {
    /// One entry for every name in the request, in the same order.
    public var packages: [SystemPackage]
    /// Steps that install all packages that are not unknown, in the environment, as root and with network access. Empty
    /// if there is nothing to install. The steps depend only on the set of the distribution's names.
    public var steps: [Step]
    /// Prints the versions of the packages that the steps installed, one line `NAME VERSION` each; absent if the plugin
    /// cannot determine them.
    public var versions: Step?

    public init(packages: [SystemPackage], steps: [Step], versions: Step? = nil) {
        self.packages = packages
        self.steps = steps
        self.versions = versions
    }

    /// The distribution's names of all packages that the steps install, sorted and unique.
    public var installed: [String] {
        Set(packages.flatMap(\.packages)).sorted()
    }

    /// The depexts that do not exist on the target. A package that needs one cannot be built there.
    public var unknown: [String] {
        packages.filter { $0.status == .unknown }.map(\.name)
    }
}

/// The resolution of one depext.
public struct SystemPackage: Codable, Hashable, Sendable {
    /// The kinds of resolutions.
    public enum Status: String, Codable, Hashable, Sendable, CaseIterable {
        /// The distribution uses another name, or it is already part of the environment (then `packages` is empty).
        case mapped
        /// The name is passed through as the distribution's own.
        case passedThrough = "passed-through"
        /// The distribution has no such package, or it is not a package name.
        case unknown
    }

    /// The name in opam files.
    public var name: String
    /// The kind of the resolution.
    public var status: Status
    /// The distribution's names; empty if unknown.
    public var packages: [String]
    /// The reason why it was mapped or is unknown.
    public var reason: String?

    public init(_ name: String, _ status: Status, packages: [String], reason: String? = nil) {
        self.name = name
        self.status = status
        self.packages = packages
        self.reason = reason
    }
}
