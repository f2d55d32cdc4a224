import OpamFormat
import Testing

@testable import OpamSolver

/// A universe written down in a test: `name.version` and the fields of its opam file.
struct SmallUniverse {
    let universe: Universe

    init(_ files: [(String, String)]) throws {
        var builder = UniverseBuilder()
        for (text, fields) in files {
            let package = try #require(Package(text))
            var problems: [FormatError] = []
            let file = try OpamFile(parsing: "opam-version: \"2.0\"\n\(fields)", file: text)
            builder.add(package, PackageRelations(file, problems: &problems))
            #expect(problems.isEmpty, "\(text)")
        }
        universe = builder.finish()
    }

    init(_ files: KeyValuePairs<String, String>) throws {
        try self.init(files.map { ($0.key, $0.value) })
    }

    /// The universe for a target where `os` is `linux`.
    func target(_ variables: [String: String] = [:], like other: TargetUniverse? = nil) -> TargetUniverse {
        var values: [Variable: VariableValue] = [Variable("os"): .string("linux")]
        for (name, value) in variables { values[Variable(name)] = .string(value) }
        return TargetUniverse(universe, variables: values, like: other)
    }

    /// The selection for `request`, as words; nil if there is no solution.
    func selection(_ request: Request, _ variables: [String: String] = [:]) -> String? {
        var solver = Solver(target(variables))
        return solver.solve(request).selection?.map { universe.text(of: $0) }.joined(separator: " ")
    }
}

extension Request {
    /// A request for names, or `name.version`s.
    init(_ roots: String...) {
        self.init(
            roots: roots.map { text in
                if let package = Package(text) { return PackageConstraint(package.name, .exactly(package.version)) }
                return PackageConstraint(PackageName(unchecked: text))
            })
    }
}
