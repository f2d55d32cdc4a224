internal import Core
internal import YAML

/// Decodes selections of packages, sets, and the scopes of options.
extension MatrixDecoder {
    func pattern(_ node: Node, _ what: String) -> PackagePattern? {
        guard let text = reader.text(node, what) else { return nil }
        do throws(PackagePattern.Malformed) {
            return try PackagePattern(text.value)
        } catch {
            reader.report(
                "'\(text.value)' is not \(what): \(error.reason)",
                at: node.location, hint: "write 'lwt', 'lwt.5.7.0', 'lwt >= 5.0 & < 6' or 'mirage-*'")
            return nil
        }
    }

    func selection(_ node: Node) -> PackageSelection? {
        if case .scalar(let text, _) = node.content {
            guard text != "all" else { return selection(.all, at: node, fields: [:]) }
            return pattern(node, "a package").flatMap { selection(.patterns([$0]), at: node, fields: [:]) }
        }
        guard let fields = reader.fields(node, "a selection of packages", .selection) else { return nil }
        let kinds = ["name", "set", "file", "tag", "maintainer", "reverse-dependencies", "except"]
        let given = kinds.filter { fields[$0] != nil }
        guard given.count == 1, let kind = given.first, let value = fields[kind] else {
            reader.report(
                "a selection of packages needs exactly one of \(kinds.joined(separator: ", ")); found "
                    + (given.isEmpty ? "none" : given.joined(separator: " and ")), at: node.location)
            return nil
        }
        if let depth = fields["depth"], kind != "reverse-dependencies" {
            reader.report("'depth' applies only to 'reverse-dependencies'", at: depth.location)
        }
        return source(kind, value, fields: fields).flatMap { selection($0, at: node, fields: fields) }
    }

    private func selection(_ source: PackageSelection.Source, at node: Node, fields: [String: Node])
        -> PackageSelection?
    {
        PackageSelection(
            source: Located(source, at: node.location), versions: versions(fields["versions"]),
            isOptional: fields["optional"].flatMap { reader.boolean($0, "'optional'") } ?? false,
            targets: nameFilter(fields["targets"], "'targets'", of: "target"),
            compilers: nameFilter(fields["compilers"], "'compilers'", of: "compiler"))
    }

    private func versions(_ node: Node?) -> PackageSelection.Versions {
        guard let node, let text = reader.text(node, "'versions'") else { return .latest }
        let known = PackageSelection.Versions.allCases.map(\.rawValue)
        guard let versions = PackageSelection.Versions(rawValue: text.value) else {
            reader.report(
                "'versions' must be \(known.joined(separator: ", ")), found '\(text.value)'", at: node.location,
                hint: nearest(to: text.value, in: known).map { "did you mean '\($0)'?" })
            return .latest
        }
        return versions
    }

    private func source(_ kind: String, _ node: Node, fields: [String: Node]) -> PackageSelection.Source? {
        switch kind {
        case "set": return reader.text(node, "'set'").map { .set($0.value) }
        case "file": return reader.text(node, "'file'").flatMap { listed(in: $0) }
        case "tag": return reader.text(node, "'tag'").map { .tag(Glob($0.value)) }
        case "maintainer": return reader.text(node, "'maintainer'").map { .maintainer(Glob($0.value)) }
        case "except": return pattern(node, "a package").map { .except($0) }
        case "reverse-dependencies":
            let roots = reader.listOrOne(node, "'reverse-dependencies'", of: "package") { pattern($0, "a package") }
            let depth = fields["depth"].flatMap { reader.integer($0, "'depth'", in: 1...1_000) }
            return .reverseDependencies(roots, depth: depth)
        default:
            if case .scalar("all", _) = node.content { return .all }
            return pattern(node, "a package").map { .patterns([$0]) }
        }
    }

    /// Reads the packages in a file, one pattern per line; empty lines and lines that begin with `#` are ignored.
    private func listed(in path: Located<String>) -> PackageSelection.Source? {
        let name = resolved(path.value, relativeTo: path.location.file)
        do {
            let text = try SourceText(path: name, of: "list of packages")
            reader.sources.add(text)
            var patterns: [PackagePattern] = []
            let lines = String(decoding: text.bytes, as: UTF8.self).split(
                omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            for (index, line) in lines.enumerated() {
                var trimmed = line.drop(while: \.isWhitespace)
                while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
                guard !trimmed.isEmpty, trimmed.first != "#" else { continue }
                do throws(PackagePattern.Malformed) {
                    patterns.append(try PackagePattern(String(trimmed)))
                } catch let malformed {
                    reader.report(
                        Diagnostic(
                            .error, "'\(trimmed)' is not a package: \(malformed.reason)",
                            at: SourceLocation(file: name, line: index + 1, column: 1), excerpt: String(line)))
                }
            }
            return .patterns(patterns)
        } catch {
            reader.report("package list '\(name)' cannot be read", at: path.location)
            return nil
        }
    }

    /// Reports undefined sets and sets that contain themselves.
    func checkSets(_ matrix: MatrixFile) {
        for selection in matrix.packages + matrix.sets.values.joined() {
            if case .set(let name) = selection.source.value, matrix.sets[name] == nil {
                let guess = nearest(to: name, in: matrix.sets.keys.sorted())
                reader.report(
                    "there is no package set '\(name)'", at: selection.source.location,
                    hint: guess.map { "did you mean '\($0)'?" } ?? "define it under 'sets'")
            }
        }
        for name in matrix.sets.keys.sorted() where reaches(name, from: name, in: matrix.sets) {
            let location = matrix.sets[name]?.first?.source.location
            reader.report(reader.sources.diagnostic(.error, "package set '\(name)' contains itself", at: location))
        }
    }

    private func reaches(_ goal: String, from start: String, in sets: [String: [PackageSelection]]) -> Bool {
        var seen: Set<String> = []
        var open = [start]
        while let name = open.popLast() {
            for selection in sets[name] ?? [] {
                guard case .set(let inner) = selection.source.value else { continue }
                if inner == goal { return true }
                if seen.insert(inner).inserted { open.append(inner) }
            }
        }
        return false
    }

    func scope(_ node: Node?, _ what: String) -> Scope {
        guard let node else { return .none }
        if case .sequence = node.content {
            return .matching(
                reader.list(node, what, of: "package") {
                    reader.text($0, "a package").map { Located(Glob($0.value), at: $0.location) }
                })
        }
        return reader.boolean(node, what) == true ? .all : .none
    }
}
