package import Core
internal import OpamFormat
package import OpamSolver

/// Solves single packages of some repositories for one target and compiler, without a matrix.
package struct TargetSolve: Sendable {
    /// The dependencies that are included, and the versions of them that are tried first.
    package struct Options: Sendable {
        /// Whether test dependencies are included.
        package var withTest: Bool
        /// Whether documentation dependencies are included.
        package var withDoc: Bool
        /// Whether the oldest versions of dependencies are tried first.
        package var isOldestFirst: Bool

        package init(withTest: Bool, withDoc: Bool, isOldestFirst: Bool) {
            self.withTest = withTest
            self.withDoc = withDoc
            self.isOldestFirst = isOldestFirst
        }
    }

    /// The universe evaluated for the target.
    package let target: TargetUniverse
    private let compiler: Compiler
    /// The problems with files of packages.
    private let problems: [PackageProblem]

    /// - Throws: `Failure` of the category `input` if the universe does not contain the compiler.
    package init(
        _ universe: Universe, problems: [PackageProblem], for variables: TargetVariables, compiler: Compiler
    ) throws(Failure) {
        try Self.check(compiler, in: universe)
        self.problems = problems
        self.compiler = compiler
        target = TargetUniverse(universe, variables: variables.values)
    }

    private static func check(_ compiler: Compiler, in universe: Universe) throws(Failure) {
        let root = compiler.root.name
        guard let name = universe.nameID(root.text), !universe.versions(of: name).isEmpty else {
            throw Failure(.input, "the repository has no package '\(root)', which the compiler '\(compiler)' needs")
        }
        guard universe.package(name, version: compiler.version.text) == nil else { return }
        let versions = universe.versions(of: name).map { universe.version(of: $0) }
        throw Failure(
            .input, "there is no compiler '\(compiler)': '\(root)' has no version \(compiler.version)",
            hint: nearest(to: compiler.version.text, in: versions).map { "did you mean '\($0)'?" })
    }

    /// The requests for packages, in the same order.
    ///
    /// - Parameter queries: the packages; nil for the newest available version of every package.
    /// - Throws: `Failure` of the category `input` if no version matches a query.
    package func requests(
        for queries: [PackageQuery]?, _ options: Options
    ) throws(Failure) -> [(package: Universe.PackageID, request: Request)] {
        guard let queries else {
            return target.newestAvailable.map { ($0, request(for: $0, isExact: false, options)) }
        }
        var requests: [(package: Universe.PackageID, request: Request)] = []
        for query in queries {
            let package = try query.version(in: target, problems: problems)
            requests.append((package, request(for: package, isExact: query.isExact, options)))
        }
        return requests
    }

    private func request(for package: Universe.PackageID, isExact: Bool, _ options: Options) -> Request {
        let universe = target.universe
        let name = PackageName(unchecked: universe.name(universe.nameID(of: package)))
        let version = Version(unchecked: universe.version(of: package))
        var request = Request(Package(name: name, version: version), compiler: compiler.root)
        if isExact { request.requestedExactly.insert(name) }
        if options.withTest { request.withTest = [name] }
        if options.withDoc { request.withDoc = [name] }
        if options.isOldestFirst { request.preference = .oldest }
        return request
    }
}
