public import OpamFormat

/// The opam variables of a target, derived from its name, and of a compiler.
///
/// Variables from a plugin take precedence. `ci solve` uses these if there is no plugin.
public struct TargetVariables: Sendable, Hashable {
    /// Every variable that has a value in the target.
    public var values: [Variable: VariableValue]

    /// A distribution with its prefix of target names and opam's variables.
    private struct Distribution {
        let prefix: String
        let os: String
        let distribution: String
        let family: String
        /// opam's version for a name without a version; nil if a version is required.
        var rolling: String?
    }

    private static let distributions = [
        Distribution(prefix: "alpine", os: "linux", distribution: "alpine", family: "alpine"),
        Distribution(prefix: "archlinux", os: "linux", distribution: "arch", family: "arch", rolling: "rolling"),
        Distribution(prefix: "centos", os: "linux", distribution: "centos", family: "rhel"),
        Distribution(prefix: "debian", os: "linux", distribution: "debian", family: "debian"),
        Distribution(prefix: "fedora", os: "linux", distribution: "fedora", family: "fedora"),
        Distribution(prefix: "freebsd", os: "freebsd", distribution: "freebsd", family: "bsd"),
        Distribution(prefix: "macos", os: "macos", distribution: "homebrew", family: "homebrew"),
        Distribution(prefix: "netbsd", os: "netbsd", distribution: "netbsd", family: "bsd"),
        Distribution(prefix: "openbsd", os: "openbsd", distribution: "openbsd", family: "bsd"),
        Distribution(prefix: "opensuse", os: "linux", distribution: "opensuse-leap", family: "suse"),
        Distribution(prefix: "ubuntu", os: "linux", distribution: "ubuntu", family: "debian"),
    ]

    /// FreeBSD's `os-version` is the kernel's version number, which opam reads from `uname -U`.
    private static let freeBSDKernels = ["13": "1305000", "14": "1402000", "15": "1500000"]

    /// The forms of target names, for help and messages.
    public static let knownForms = distributions.map { $0.rolling == nil ? "\($0.prefix)-VERSION" : $0.prefix }

    /// The variables of a target.
    ///
    /// - Parameters:
    ///   - target: `debian-12`, `freebsd-14.2`, `archlinux`, …
    ///   - architecture: As opam writes it: `x86_64`, `arm64`, …
    ///   - opamVersion: The version of opam that will be used.
    /// - Returns: nil when the name has none of the known forms.
    public init?(target: String, architecture: String = "x86_64", opamVersion: String = "2.5.2") {
        guard let (distribution, version) = Self.parse(target) else { return nil }
        values = [:]
        set("arch", architecture)
        set("os", distribution.os)
        set("os-distribution", distribution.distribution)
        set("os-family", distribution.family)
        set("os-version", version)
        set("opam-version", opamVersion)
    }

    private static func parse(_ target: String) -> (Distribution, version: String)? {
        let parts = target.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let distribution = distributions.first(where: { $0.prefix == parts[0] }) else { return nil }
        guard parts.count == 2 else { return distribution.rolling.map { (distribution, $0) } }
        guard distribution.rolling == nil, Version.isValid(parts[1]) else { return nil }
        return (distribution, distribution.os == "freebsd" ? freeBSDKernel(parts[1]) : parts[1])
    }

    /// The kernel's version number of a release: `14.2` is 1402000; without a minor number, that of the newest known
    /// minor release.
    private static func freeBSDKernel(_ release: String) -> String {
        let numbers = release.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        if numbers.count == 2, let major = numbers[0], let minor = numbers[1], 0..<100 ~= major, 0..<100 ~= minor {
            return String(major * 100_000 + minor * 1_000)
        }
        return freeBSDKernels[release] ?? release
    }

    /// Sets a global variable.
    public mutating func set(_ name: String, _ value: String) {
        values[Variable(name)] = .string(value)
    }

    /// Sets the variables that opam takes from a compiler.
    public mutating func set(compiler: Compiler) {
        values[Variable("native", scope: .package(PackageName(unchecked: "ocaml")))] = .bool(true)
        values[Variable("version", scope: .package(PackageName(unchecked: "ocaml")))] = .string(compiler.version.text)
        for name in ["arch", "cc", "libc", "system", "version"] where values[Variable("sys-ocaml-\(name)")] == nil {
            set("sys-ocaml-\(name)", compiler.isSystem ? compiler.systemValue(name, in: self) : "")
        }
    }
}

/// The compiler of a cell: a version of `ocaml`, or the one that the distribution has installed.
public struct Compiler: Sendable, Hashable, CustomStringConvertible {
    /// The version of OCaml.
    public var version: Version
    /// Whether it is the distribution's: `ocaml-system` rather than a compiler that opam builds.
    public var isSystem: Bool

    public init(_ version: Version, isSystem: Bool = false) {
        self.version = version
        self.isSystem = isSystem
    }

    /// Reads `5.3.0` or `system:4.13.1`; nil when the version is not valid.
    public init?(_ text: String) {
        let prefix = "system:"
        let isSystem = text.hasPrefix(prefix)
        guard let version = Version(isSystem ? String(text.dropFirst(prefix.count)) : text) else { return nil }
        self.init(version, isSystem: isSystem)
    }

    public var description: String { isSystem ? "system:\(version)" : version.text }

    /// The root that asks for the compiler.
    public var root: PackageConstraint {
        PackageConstraint(PackageName(unchecked: isSystem ? "ocaml-system" : "ocaml"), .exactly(version))
    }

    fileprivate func systemValue(_ name: String, in target: TargetVariables) -> String {
        func value(_ name: String) -> String { target.values[Variable(name)]?.text ?? "" }
        switch name {
        case "arch": return value("arch") == "x86_64" ? "amd64" : value("arch")
        case "cc": return "cc"
        case "libc": return value("os-distribution") == "alpine" ? "musl" : "libc"
        case "system": return value("os") == "macos" ? "macosx" : value("os")
        default: return version.text
        }
    }
}
