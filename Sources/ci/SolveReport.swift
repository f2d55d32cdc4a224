internal import Core
internal import OpamSolver

/// The answers of `ci solve`, and how they are printed.
struct SolveReport {
    private let target: TargetUniverse
    private let packages: [Universe.PackageID]
    private let resolutions: [Resolution]
    private var reasons: [Int: Explanation] = [:]

    init(_ target: TargetUniverse, _ packages: [Universe.PackageID], _ resolutions: [Resolution]) {
        self.target = target
        self.packages = packages
        self.resolutions = resolutions
    }

    /// Computes explanations for unsolvable requests.
    mutating func explain(_ requests: [Request]) {
        var solver = Solver(target)
        for index in requests.indices where resolutions[index].status == .unsolvable {
            reasons[index] = solver.explain(requests[index])
        }
    }

    /// A paragraph for each unsolvable package.
    var explanations: [String] {
        packages.indices.compactMap { index in
            reasons[index].map { "\(title(index)) cannot be installed:\n" + indented($0) }
        }
    }

    private func title(_ index: Int) -> String { target.universe.text(of: packages[index]) }

    private func selection(_ index: Int) -> [String]? {
        resolutions[index].selection?.map { target.universe.text(of: $0) }
    }

    private func indented(_ explanation: Explanation) -> String {
        explanation.facts.map { "  \($0)" }.joined(separator: "\n")
    }

    // MARK: Formats

    var csv: String {
        var lines = ""
        for index in packages.indices {
            if let selection = selection(index) {
                lines += "\(title(index)),SAT,\"\(selection.joined(separator: " "))\"\n"
            } else {
                lines += "\(title(index)),\(resolutions[index].status == .limit ? "LIMIT" : "UNSAT"),\n"
            }
        }
        return lines
    }

    var text: String {
        var lines = ""
        for index in packages.indices {
            switch resolutions[index].status {
            case .solved:
                lines += "\(title(index)): \(selection(index)?.joined(separator: " ") ?? "")\n"
            case .limit:
                lines += "\(title(index)): gave up after \(resolutions[index].steps) steps\n"
            case .unsolvable:
                lines += "\(title(index)): cannot be installed\n"
                if let reason = reasons[index] { lines += indented(reason) + "\n" }
            }
        }
        if packages.count > 1 {
            let solved = resolutions.count { $0.selection != nil }
            lines += "\(solved) of \(count(packages.count, "package")) have a solution\n"
        }
        return lines
    }

    /// The answers for the JSON format.
    var answers: [Answer] { packages.indices.map { answer($0) } }

    /// One package in JSON.
    struct Answer: Encodable {
        let package: String
        let version: String
        /// `solved`, `unsolvable` or `limit`.
        let verdict: String
        let selection: [String]?
        let explanation: [String]?
    }

    private func answer(_ index: Int) -> Answer {
        let universe = target.universe
        let verdict =
            switch resolutions[index].status {
            case .solved: "solved"
            case .unsolvable: "unsolvable"
            case .limit: "limit"
            }
        return Answer(
            package: universe.name(universe.nameID(of: packages[index])),
            version: universe.version(of: packages[index]), verdict: verdict, selection: selection(index),
            explanation: reasons[index]?.facts.map(\.description))
    }
}
