internal import Core
internal import YAML

/// Decodes a matrix from YAML nodes, and reports all errors in it.
struct MatrixDecoder {
    let reader: NodeReader

    /// The matrix; nil if the document is not a mapping or has no valid deployment.
    func decode(_ document: Node) -> MatrixFile? {
        guard let fields = reader.fields(withoutExtensions(document), "a matrix", .matrix) else { return nil }
        let required = ["deployment", "repositories", "targets", "compilers"]
        for key in required + (fields["unikernels"] == nil ? ["packages"] : []) where fields[key] == nil {
            reader.report("'\(key)' is missing", at: document.location, hint: Self.examples[key])
        }
        let deployment = fields["deployment"].flatMap { reader.name($0, "'deployment'") }
        var matrix = MatrixFile(
            deployment: deployment ?? Located("", at: document.location), sources: reader.sources)
        if let node = fields["description"] { matrix.description = reader.text(node, "'description'")?.value }
        decodeAxes(fields, into: &matrix)
        decodePackages(fields, into: &matrix)
        if let node = fields["unikernels"] { decodeUnikernels(node, into: &matrix) }
        decodeRules(fields, into: &matrix)
        matrix.sources = reader.sources  // with the lists of packages that were read
        return deployment == nil ? nil : matrix
    }

    private static let examples = [
        "deployment": "write 'deployment: NAME', the name of this matrix's branches in the store",
        "repositories": "write 'repositories: [{path: DIR}]' or '[{url: URL}]'",
        "targets": "write 'targets: [debian-12]'",
        "compilers": "write 'compilers: [5.3.0]'",
        "packages": "write 'packages: all' or a list of packages",
    ]

    /// The document without keys that begin with `x-`, which are reserved for anchors, as in other tools' files.
    private func withoutExtensions(_ document: Node) -> Node {
        guard case .mapping(let entries) = document.content else { return document }
        var rest = document
        rest.content = .mapping(entries.filter { !$0.key.hasPrefix("x-") })
        return rest
    }

    private func decodeAxes(_ fields: [String: Node], into matrix: inout MatrixFile) {
        let engine = fields["engine"].flatMap(engine)
        if let node = fields["targets"] {
            matrix.targets = reader.list(node, "'targets'", of: "target") { target($0, engine: engine) }
            reportDuplicates(matrix.targets.map(\.name), of: "target")
        }
        if let node = fields["compilers"] {
            matrix.compilers = reader.list(node, "'compilers'", of: "compiler", compiler)
            reportDuplicates(matrix.compilers.map(\.name), of: "compiler")
        }
        checkColumns(matrix, fields)
        if let node = fields["repositories"] {
            let entries = reader.list(node, "'repositories'", of: "repository", repository)
            matrix.repositories = entries.enumerated()
                .sorted { ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset) }.map(\.element)
        }
        let targets = fields["targets"] == nil ? nil : matrix.targets.map(\.name)
        let compilers = fields["compilers"] == nil ? nil : matrix.compilers.map(\.name)
        for entry in matrix.repositories {
            check(entry.targets.globs, among: targets, kind: "target")
            check(entry.compilers.globs, among: compilers, kind: "compiler")
        }
        for entry in matrix.compilers {
            check(entry.targets.globs, among: targets, kind: "target")
        }
    }

    /// The maximum number of columns (targets × compilers) of a plan.
    static let columnLimit = 10_000

    private func checkColumns(_ matrix: MatrixFile, _ fields: [String: Node]) {
        let (targets, compilers) = (matrix.targets.count, matrix.compilers.count)
        guard targets * compilers > Self.columnLimit else { return }
        let key = targets > compilers ? "targets" : "compilers"
        guard let node = fields[key] else { return }
        reader.report(
            "\(targets) targets × \(compilers) compilers are more than \(Self.columnLimit) columns",
            at: node.location, hint: "'\(key)' contributes most: list fewer")
    }

    private func decodePackages(_ fields: [String: Node], into matrix: inout MatrixFile) {
        if let node = fields["sets"] {
            for entry in reader.entries(node, "'sets'") {
                matrix.sets[entry.key] = reader.list(
                    entry.value, "set '\(entry.key)'", of: "package", selection)
            }
        }
        if let node = fields["packages"] {
            matrix.packages = reader.listOrOne(node, "'packages'", of: "package", selection)
        }
        checkSets(matrix)
        for selection in matrix.packages + matrix.sets.values.joined() {
            check(selection.targets.globs, among: matrix.targets.map(\.name), kind: "target")
            check(selection.compilers.globs, among: matrix.compilers.map(\.name), kind: "compiler")
        }
        if let node = fields["pins"] {
            matrix.pins = reader.entries(node, "'pins'").compactMap(pin)
        }
        matrix.withTest = scope(fields["with-test"], "'with-test'")
        matrix.withDoc = scope(fields["with-doc"], "'with-doc'")
        matrix.lowerBounds = scope(fields["lower-bounds"], "'lower-bounds'")
    }

    private func decodeRules(_ fields: [String: Node], into matrix: inout MatrixFile) {
        if let node = fields["include"] {
            matrix.include = reader.list(node, "'include'", of: "inclusion", inclusions).flatMap(\.self)
        }
        if let node = fields["exclude"] {
            matrix.exclude = reader.list(node, "'exclude'", of: "exclusion", exclusion)
        }
        if let node = fields["accept-failures"] {
            matrix.acceptFailures = reader.list(node, "'accept-failures'", of: "accepted failure", acceptedFailure)
        }
        matrix.confirm = fields["confirm"].flatMap { reader.integer($0, "'confirm'", in: 0...9) }
        if let node = fields["schedule"] {
            matrix.schedule = reader.list(node, "'schedule'", of: "rule", scheduleRule)
        }
        if let node = fields["limits"] {
            matrix.limits = limitTable(node, targets: matrix.targets.map(\.name))
        }
        if let node = fields["allow-overwrites"] { matrix.allowedOverwrites = overwriteRules(node) }
        matrix.notices = fields["notify"].flatMap(notices)
        let patterns =
            matrix.exclude.flatMap(\.cells) + matrix.acceptFailures.flatMap(\.cells) + matrix.schedule.flatMap(\.cells)
            + (matrix.notices?.cells ?? [])
        let targets = matrix.targets.map(\.name)
        let compilers = matrix.compilers.map(\.name)
        check(
            patterns.map { Located($0.value.target, at: $0.location) } + matrix.include.map(\.target), among: targets,
            kind: "target")
        check(
            patterns.map { Located($0.value.compiler, at: $0.location) }
                + matrix.include.map { Located($0.compiler, at: $0.target.location) }, among: compilers,
            kind: "compiler")
    }

    /// Reports the globs that match none of `names`, each once. Does nothing if the names could not be read.
    func check(_ globs: [Located<Glob>], among names: [Located<String>]?, kind: String) {
        guard let names, !names.isEmpty else { return }
        var reported: Set<String> = []
        for glob in globs where !names.contains(where: { glob.value.matches($0.value) }) {
            guard reported.insert(glob.value.pattern).inserted else { continue }
            // Either of them may be misspelt.
            let guess = nearest(to: glob.value.pattern, in: names.map(\.value)).flatMap { near in
                names.first { $0.value == near }
            }
            reader.report(
                "this matrix has no \(kind) '\(glob.value)'", at: glob.location,
                hint: guess.map { "did you mean '\($0.value)', as in line \($0.location.line)?" }
                    ?? "the \(kind)s are \(names.prefix(10).map(\.value).joined(separator: ", "))")
        }
    }

    func reportDuplicates(
        _ names: [Located<String>], of kind: String, hint: String = "give one of them another 'name'"
    ) {
        var seen: [String: SourceLocation] = [:]
        for name in names {
            if let earlier = seen[name.value] {
                reader.report(
                    "\(kind) '\(name.value)' is listed twice, first in line \(earlier.line)", at: name.location,
                    hint: hint)
            } else {
                seen[name.value] = name.location
            }
        }
    }
}
