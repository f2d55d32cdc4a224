package import Core
internal import OpamFormat
internal import OpamSolver

/// A package in a user's notation: `lwt`, `lwt.5.7.0`, `lwt=5.7.0`, `lwt>=5.6`.
package struct PackageQuery: Sendable {
    private let text: String
    private let name: PackageName
    private let constraint: VersionConstraint?

    /// - Throws: A failure of kind `input` if the text has none of these forms.
    package init(_ text: String) throws(Failure) {
        self.text = text
        if let package = Package(text) {
            name = package.name
            constraint = VersionConstraint(.equal, package.version)
            return
        }
        let head = text.prefix { !"=<>!".contains($0) }
        let relationText = text.dropFirst(head.count).prefix { "=<>!".contains($0) }
        guard let name = PackageName(String(head)) else {
            throw Failure(
                .input, "'\(text)' is not a package",
                hint: "write NAME, NAME.VERSION, or NAME with =, !=, <, <=, > or >= and a version")
        }
        self.name = name
        if relationText.isEmpty {
            constraint = nil
            return
        }
        let versionText = String(text.dropFirst(head.count + relationText.count))
        guard let relation = RelationalOperator.allCases.first(where: { $0.text == relationText }) else {
            throw Failure(
                .input, "'\(text)': '\(relationText)' is not a comparison",
                hint: "expected =, !=, <, <=, > or >=")
        }
        guard let version = Version(versionText) else {
            throw Failure(
                .input, "'\(text)': '\(versionText)' is not a version",
                hint: "a version has letters, digits and -_+.~ only")
        }
        constraint = VersionConstraint(relation, version)
    }

    /// Whether it names a single version.
    var isExact: Bool { constraint?.relation == .equal }

    /// The version to request: the newest available one that matches; if there is none, the newest one that matches.
    ///
    /// - Parameter problems: Problems with files of packages, which may explain why a version is missing.
    /// - Throws: A failure of kind `input` if there is no such package or version.
    func version(
        in target: TargetUniverse, problems: [PackageProblem]
    ) throws(Failure) -> Universe.PackageID {
        let universe = target.universe
        let problems = problems.filter { $0.name == name.text && $0.effect == .leftOut }
        guard let name = universe.nameID(name.text), !universe.versions(of: name).isEmpty else {
            throw failure(problems) ?? unknownPackage(in: universe)
        }
        let matching = universe.versions(of: name).filter { package in
            constraint?.allows(Version(unchecked: universe.version(of: package))) ?? true
        }
        guard let newest = matching.last else { throw failure(problems) ?? unknownVersion(of: name, in: universe) }
        if let available = matching.last(where: { target.isAvailable($0) }) { return available }
        if let failure = failure(problems.filter { $0.version == universe.version(of: newest) }) { throw failure }
        return newest
    }

    private func unknownPackage(in universe: Universe) -> Failure {
        let known = universe.allNames.filter { !universe.versions(of: $0).isEmpty }.map { universe.name($0) }
        return Failure(
            .input, "there is no package '\(name)' in the repository",
            hint: nearest(to: name.text, in: known).map { "did you mean '\($0)'?" })
    }

    private func unknownVersion(of name: Universe.NameID, in universe: Universe) -> Failure {
        let versions = universe.versions(of: name).reversed().prefix(5).map { universe.version(of: $0) }
        return Failure(
            .input, "no version of '\(self.name)' matches '\(text)'",
            hint: "the newest versions are \(versions.joined(separator: ", "))")
    }

    private func failure(_ problems: [PackageProblem]) -> Failure? {
        problems.isEmpty ? nil : Failure(.input, problems.map { Diagnostic(.error, $0.warning.message) })
    }
}
