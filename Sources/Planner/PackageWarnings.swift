package import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import YAML

/// The problems in files of packages that affect a plan, each reported once.
///
/// An ignored version affects the plan if an answer was derived from its name, or if the matrix selects it by name; an
/// ignored field affects it if the version is built.
package struct PackageWarnings {
    private let inputs: PlanInputs
    private let memory: IncrementalState

    /// - Parameter memory: the incremental state of the plan of these inputs.
    package init(_ inputs: PlanInputs, _ memory: IncrementalState) {
        self.inputs = inputs
        self.memory = memory
    }

    /// The warnings about planned packages, in order of their files.
    package var warnings: [Diagnostic] {
        get throws {
            var reported: Set<Diagnostic> = []
            var warnings: [Diagnostic] = []
            for (number, stack) in inputs.stacks.enumerated() where memory.stacks.indices.contains(number) {
                let defects = stack.source.defects
                if defects.isEmpty { continue }
                let names = examinedNames(ofStack: number, among: Set(defects.map(\.name)))
                for defect in defects {
                    guard
                        names.contains(defect.name)
                            || defect.isLeftOut && isSelected(defect.name, inputs.matrix.packages)
                    else { continue }
                    guard try defect.isLeftOut || isBuilt(defect, stack.source) else { continue }
                    if reported.insert(defect.warning).inserted { warnings.append(defect.warning) }
                }
            }
            return warnings
        }
    }

    /// The names in `wanted` from which some answer was derived.
    private func examinedNames(ofStack stack: Int, among wanted: Set<String>) -> Set<String> {
        var isExamined = Array(repeating: false, count: memory.stacks[stack].names.count)
        for column in memory.columns where column.stack == stack {
            for number in column.examined.elements { isExamined[Int(number)] = true }
        }
        let names = memory.stacks[stack].names
        return Set(isExamined.indices.lazy.filter { isExamined[$0] }.map { names[$0] }.filter(wanted.contains))
    }

    /// Whether a package of this name would have a cell if its files were valid.
    private func isSelected(_ name: String, _ selections: [PackageSelection]) -> Bool {
        selections.contains { selection in
            switch selection.source.value {
            case .all: true
            case .patterns(let patterns): patterns.contains { $0.name.matches(name) }
            case .set(let set): isSelected(name, inputs.matrix.sets[set] ?? [])
            case .tag, .maintainer, .reverseDependencies, .except: false
            }
        }
    }

    private func isBuilt(_ defect: PackageDefect, _ source: any PackageSource) throws -> Bool {
        guard let version = defect.version else { return true }
        let files = try source.files(of: PackageVersion(name: defect.name, version: version))
        if memory.jobs.packages[files.digest] > 0 { return true }
        // The plan has the files of a package with an unpinned source under another digest, with the resolved address.
        let opam = try? OpamFile(parsing: files.opam, file: "\(defect.name).\(version)/opam")
        return opam?.url.map { inputs.unpinned?.isUnpinned($0) ?? false } ?? false
    }
}
