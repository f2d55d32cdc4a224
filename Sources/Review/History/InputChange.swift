internal import Core
internal import Model

/// A difference between the inputs of two executions of a cell.
package struct InputChange: Codable, Sendable, Hashable {
    /// The kind of an input.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case package, source, repository, input, compiler, plugin, environment, limit, machine, option
        case systemPackage = "system package"
    }

    /// The kind of the input.
    package var kind: Kind
    /// The name of the package, repository or variable; of a source the package's, followed by its address in
    /// parentheses if that did not change.
    package var name: String
    /// The value before; absent if there was none.
    package var before: String?
    /// The value after; absent if there is none.
    package var after: String?

    /// - Returns: Nil if both values are equal.
    init?(_ kind: Kind, _ name: String, _ before: String?, _ after: String?) {
        guard before != after else { return nil }
        (self.kind, self.name, self.before, self.after) = (kind, name, before, after)
    }

    /// The changes between two jobs, ordered by kind and name.
    ///
    /// - Throws: `StoreError`.
    package static func changes(from before: JobInputs, to after: JobInputs) throws -> [InputChange] {
        let (old, new) = (before.job, after.job)
        var changes = try definition(.package, new.package.name, (old, before), (new, after))
        changes += [InputChange(.compiler, "compiler", old.compiler, new.compiler)].compactMap { $0 }
        changes += self.changes(from: before.repositories, to: after.repositories)
        for name in Set(before.inputs.keys).union(after.inputs.keys).sorted() {
            changes += try definition(
                .input, name, before.inputs[name].map { ($0, before) }, after.inputs[name].map { ($0, after) })
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

    /// The repositories whose commits differ.
    static func changes(from old: [Plan.Repository], to new: [Plan.Repository]) -> [InputChange] {
        let before = Dictionary(old.map { ($0.location, $0.commit) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.location, $0.commit) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(after.keys).sorted().compactMap {
            InputChange(.repository, $0, before[$0], after[$0])
        }
    }

    /// The system packages (`NAME VERSION`) whose installed versions differ; none if one side is unknown.
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
        // Packages on one side only are reported as changes of the job.
        return Set(before.keys).intersection(after.keys).sorted().compactMap {
            InputChange(.systemPackage, $0, before[$0], after[$0])
        }
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
    /// The values before and after, for the user.
    package var words: String {
        switch (before, after) {
        case (let before?, let after?):
            "\(shortened(before)) → \(shortened(after))"
        case (nil, let after?): "new: \(after)"
        case (let before?, nil): "gone: \(before)"
        case (nil, nil): ""
        }
    }

    /// Commits and checksums are shortened.
    private func shortened(_ value: String) -> String {
        guard kind == .repository || kind == .source else { return value }
        let start = value.lastIndex(of: "=").map(value.index(after:)) ?? value.startIndex
        guard value[start...].utf8.count >= 32, value[start...].allSatisfy(\.isHexDigit) else { return value }
        return String(value[..<start] + value[start...].prefix(12))
    }

    /// The whole change on a line.
    package var text: String { "\(kind.rawValue) \(name): \(words)" }
}

extension Digest {
    /// A prefix that is long enough to be unique.
    var shortHex: String { String(hex.prefix(12)) }
}
