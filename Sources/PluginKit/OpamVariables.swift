/// Opam's variables of a target, as opam reports them on it.
public struct OpamVariables: Sendable {
    /// opam's `os`: `linux`, `freebsd`, `macos` …
    public var os: String
    /// opam's `os-distribution`.
    public var distribution: String
    /// opam's `os-family`.
    public var family: String
    /// opam's `os-version`.
    public var version: String
    /// The value of `system` in `ocamlc -config`; usually equal to `os`.
    public var ocamlSystem: String

    public init(os: String, distribution: String, family: String, version: String, ocamlSystem: String? = nil) {
        self.os = os
        self.distribution = distribution
        self.family = family
        self.version = version
        self.ocamlSystem = ocamlSystem ?? os
    }

    /// The variables in a target's description.
    ///
    /// - Parameter systemCompiler: The version of the distribution's OCaml if the environment contains it; nil
    ///   otherwise: opam then reports its `sys-ocaml-…` variables as empty.
    public func dictionary(architecture: String, systemCompiler: String? = nil) -> [String: String] {
        let has = systemCompiler != nil
        return [
            "arch": architecture, "os": os, "os-distribution": distribution, "os-family": family,
            "os-version": version,
            "sys-ocaml-version": systemCompiler ?? "", "sys-ocaml-arch": has ? architecture : "",
            "sys-ocaml-cc": has ? "cc" : "", "sys-ocaml-libc": has ? "libc" : "",
            "sys-ocaml-system": has ? ocamlSystem : "",
        ]
    }
}
