internal import Core
internal import Model

/// Something that two executions of a cell do not have in common.
package struct InputChange: Codable, Sendable, Hashable {
    /// What kind of thing it is.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case package, repository, input, compiler, plugin, environment, limit, machine, option
        case systemPackage = "system package"
    }

    /// What kind of thing it is.
    package var kind: Kind
    /// Which one: a package, a repository, a variable.
    package var name: String
    /// What it was; absent where there was none.
    package var before: String?
    /// What it is; absent where there is none.
    package var after: String?

    /// - Returns: nil where both are the same.
    init?(_ kind: Kind, _ name: String, _ before: String?, _ after: String?) {
        guard before != after else { return nil }
        (self.kind, self.name, self.before, self.after) = (kind, name, before, after)
    }

    /// What changed between two jobs, in the order of the kinds and of the names.
    package static func changes(from before: JobInputs, to after: JobInputs) -> [InputChange] {
        let (old, new) = (before.job, after.job)
        var changes = [package(old, new), InputChange(.compiler, "compiler", old.compiler, new.compiler)].compactMap {
            $0
        }
        changes += self.changes(from: before.repositories, to: after.repositories)
        for name in Set(before.inputs.keys).union(after.inputs.keys).sorted() {
            changes += [input(name, before.inputs[name], after.inputs[name])].compactMap { $0 }
        }
        for name in before.systemPackages.symmetricDifference(after.systemPackages).sorted() {
            let isOld = before.systemPackages.contains(name)
            changes += [InputChange(.systemPackage, name, isOld ? "needed" : nil, isOld ? nil : "needed")].compactMap {
                $0
            }
        }
        changes += plugin(old.plugin, new.plugin) + environment(before, after) + limits(old.limits, new.limits)
        changes += options(old, new)
        return changes
    }

    private static func package(_ old: Job, _ new: Job) -> InputChange? {
        let name = new.package.name
        if old.package.version != new.package.version {
            return InputChange(.package, name, old.package.version, new.package.version)
        }
        return InputChange(.package, "\(name) (its opam file or files)", old.opam.shortHex, new.opam.shortHex)
    }

    /// Which repositories are at other commits.
    static func changes(from old: [Plan.Repository], to new: [Plan.Repository]) -> [InputChange] {
        let before = Dictionary(old.map { ($0.location, $0.commit) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.location, $0.commit) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(after.keys).sorted().compactMap {
            InputChange(.repository, $0, before[$0], after[$0])
        }
    }

    /// Which system packages are installed in other versions, `NAME VERSION` each; none where one side is unknown.
    static func changes(fromInstalled old: [String]?, to new: [String]?) -> [InputChange] {
        guard let old, let new else { return [] }
        func versions(_ packages: [String]) -> [String: String] {
            Dictionary(
                packages.compactMap { package in
                    package.firstIndex(of: " ").map {
                        (String(package[..<$0]), String(package[package.index(after: $0)...]))
                    }
                }, uniquingKeysWith: { first, _ in first })
        }
        let (before, after) = (versions(old), versions(new))
        // That one is needed or not any more is a change of the job.
        return Set(before.keys).intersection(after.keys).sorted().compactMap {
            InputChange(.systemPackage, $0, before[$0], after[$0])
        }
    }

    private static func input(_ name: String, _ old: Job?, _ new: Job?) -> InputChange? {
        if let change = InputChange(.input, name, old?.package.version, new?.package.version) { return change }
        return InputChange(.input, "\(name) (its opam file or files)", old?.opam.shortHex, new?.opam.shortHex)
    }

    private static func plugin(_ old: Job.Plugin, _ new: Job.Plugin) -> [InputChange] {
        if let change = InputChange(.plugin, new.name, "\(old.name) \(old.version)", "\(new.name) \(new.version)") {
            return [change]
        }
        return [InputChange(.plugin, "\(new.name) (its answers)", old.digest.shortHex, new.digest.shortHex)].compactMap
        { $0 }
    }

    private static func environment(_ before: JobInputs, _ after: JobInputs) -> [InputChange] {
        guard before.job.environment != after.job.environment else { return [] }
        var changes: [InputChange] = []
        if let old = before.target, let new = after.target {
            changes += [
                InputChange(.environment, "version", old.version, new.version),
                InputChange(.environment, "architecture", old.architecture, new.architecture),
            ].compactMap { $0 }
            changes += values("option", old.options, new.options) + values("variable", old.variables, new.variables)
        }
        let whole = InputChange(
            .environment, "definition", before.job.environment.shortHex, after.job.environment.shortHex)
        return changes.isEmpty ? [whole].compactMap { $0 } : changes
    }

    private static func values(_ word: String, _ old: [String: String], _ new: [String: String]) -> [InputChange] {
        Set(old.keys).union(new.keys).sorted().compactMap {
            InputChange(.environment, "\(word) \($0)", old[$0], new[$0])
        }
    }

    private static func limits(_ old: Job.Limits?, _ new: Job.Limits?) -> [InputChange] {
        let members: [(String, KeyPath<Job.Limits, Int?>)] = [
            ("time", \.time), ("silence", \.silence), ("memory", \.memory), ("disk", \.disk), ("log", \.log),
        ]
        return members.compactMap { name, path in
            InputChange(.limit, name, old?[keyPath: path].map(String.init), new?[keyPath: path].map(String.init))
        }
    }

    private static func options(_ old: Job, _ new: Job) -> [InputChange] {
        [
            InputChange(.option, "engine", old.engine?.rawValue, new.engine?.rawValue),
            InputChange(.option, "documentation", old.documentation.map { "\($0)" }, new.documentation.map { "\($0)" }),
            InputChange(
                .option, "allow-overwrites", old.allowedOverwrites?.joined(separator: " "),
                new.allowedOverwrites?.joined(separator: " ")),
        ].compactMap { $0 }
    }
}

extension InputChange {
    /// What it was and what it is, for people.
    package var words: String {
        switch (before, after) {
        case (let before?, let after?):
            kind == .repository ? "\(before.prefix(12)) → \(after.prefix(12))" : "\(before) → \(after)"
        case (nil, let after?): "new: \(after)"
        case (let before?, nil): "gone: \(before)"
        case (nil, nil): ""
        }
    }

    /// The whole change on a line.
    package var text: String { "\(kind.rawValue) \(name): \(words)" }
}

extension Digest {
    /// Enough digits to tell it from others.
    fileprivate var shortHex: String { String(hex.prefix(12)) }
}
